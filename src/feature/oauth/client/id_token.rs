//! Strict validation of ID tokens (OpenID Connect Core 1.0, section 3.1.3.7).

use aws_lc_rs::digest::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    fault::ProviderFault,
    keys::{Algorithm, Keys, NoKey},
};
use crate::{clock::Timestamp, json};

/// The maximum length of a token that is parsed, in bytes.
const MAX_TOKEN: usize = 16 * 1024;
const MAX_SUBJECT: usize = 255;
/// How many seconds after its expiry a token is still accepted.
const LEEWAY: i64 = 5;
/// How many seconds the provider's clock may be ahead of this service's clock.
const MAX_SKEW: i64 = 60;

/// A token whose header has been read, but not its claims. Its claims are read once its signature is
/// [checked](Self::signed).
#[derive(Debug)]
pub(super) struct IdToken<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    message: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

/// A token whose signature has been verified with one of the provider's keys.
#[derive(Debug)]
pub(super) struct Signed<'a>(&'a IdToken<'a>);

/// The values that the claims must match.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) access_token: &'a str,
    pub(super) now: Timestamp,
}

impl<'a> IdToken<'a> {
    /// Reads the header. `supported` lists the signing algorithms that the provider announces, if it announces any.
    pub(super) fn read(
        token: &'a str,
        supported: Option<&[String]>,
    ) -> Result<Self, ProviderFault> {
        if token.len() > MAX_TOKEN {
            return Err(ProviderFault::IdToken("is too long"));
        }
        let malformed = || ProviderFault::IdToken("is not a JWS of three parts");
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        let header = object(header)?;
        let name = header
            .get("alg")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_supported = supported.is_none_or(|names| names.iter().any(|one| one == name));
        let algorithm = Algorithm::read(name).filter(|_| is_supported);
        let algorithm = algorithm.ok_or(ProviderFault::IdToken(
            "is signed with an algorithm that is not accepted",
        ))?;
        // RFC 7515, section 4.1.11: a critical header parameter that the recipient does not
        // understand makes the token invalid. This client understands none.
        if header.contains_key("crit") {
            return Err(ProviderFault::IdToken("has critical extensions"));
        }
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(ProviderFault::IdToken("has a `kid` that is not text")),
        };
        Ok(Self {
            algorithm,
            kid,
            message,
            claims,
            signature,
        })
    }

    /// Checks the signature. A failure may mean that the cached keys are outdated.
    pub(super) fn signed(&self, keys: &Keys) -> Result<Signed<'_>, ProviderFault> {
        let key = keys
            .find(self.kid.as_deref(), self.algorithm)
            .map_err(|none| {
                ProviderFault::IdToken(match none {
                    NoKey::Ambiguous => "does not say which of several keys signed it",
                    NoKey::Unfit => "names a key for another algorithm",
                    NoKey::Unknown => "is signed with a key that is not the provider's",
                })
            })?;
        match key.verifies(self.algorithm, self.message.as_bytes(), &self.signature) {
            true => Ok(Signed(self)),
            false => Err(ProviderFault::IdToken("has an invalid signature")),
        }
    }
}

impl Signed<'_> {
    /// Checks the claims and returns them.
    pub(super) fn claims(
        &self,
        expected: &Expected<'_>,
    ) -> Result<Map<String, Value>, ProviderFault> {
        let claims = object(self.0.claims)?;
        self.check(&claims, expected)
            .map_err(ProviderFault::IdToken)?;
        Ok(claims)
    }

    fn check(
        &self,
        claims: &Map<String, Value>,
        expected: &Expected<'_>,
    ) -> Result<(), &'static str> {
        let is = |name: &str, value: &str| claims.get(name).is_some_and(|claim| claim == value);
        if !is("iss", expected.issuer) {
            return Err("is from another issuer");
        }
        check_audience(claims, expected.client_id)?;
        let now = expected.now.timestamp();
        let time = |name: &str| claims.get(name).map(seconds);
        match time("exp") {
            Some(Some(expiry)) if expiry.saturating_add(LEEWAY) > now => {}
            Some(Some(_)) => return Err("has expired"),
            _ => return Err("does not say when it expires"),
        }
        match time("iat") {
            Some(Some(issued)) if issued <= now.saturating_add(MAX_SKEW) => {}
            Some(Some(_)) => return Err("was issued in the future"),
            _ => return Err("does not say when it was issued"),
        }
        match time("nbf") {
            None => {}
            Some(Some(begin)) if begin <= now.saturating_add(MAX_SKEW) => {}
            Some(_) => return Err("is not valid yet"),
        }
        if !is("nonce", expected.nonce) {
            return Err("belongs to another flow");
        }
        subject(claims).ok_or("has no valid subject")?;
        match claims.get("at_hash") {
            None => Ok(()),
            Some(hash) if *hash == self.half_digest(expected.access_token) => Ok(()),
            Some(_) => Err("belongs to another access token"),
        }
    }

    fn half_digest(&self, access_token: &str) -> String {
        let digest = digest(self.0.algorithm.digest(), access_token.as_bytes());
        let bytes = digest.as_ref();
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(half)
    }
}

/// The `sub` claim: 1 to 255 bytes without control characters.
pub(super) fn subject(claims: &Map<String, Value>) -> Option<&str> {
    let subject = claims.get("sub")?.as_str()?;
    let sound = (1..=MAX_SUBJECT).contains(&subject.len()) && !subject.contains(char::is_control);
    sound.then_some(subject)
}

fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<(), &'static str> {
    let several = match claims.get("aud") {
        Some(Value::String(audience)) if audience == client_id => false,
        Some(Value::Array(audiences))
            if audiences.iter().all(Value::is_string)
                && audiences.iter().any(|audience| audience == client_id) =>
        {
            audiences.len() > 1
        }
        _ => return Err("is for another client"),
    };
    match claims.get("azp") {
        Some(party) if party == client_id => Ok(()),
        Some(_) => Err("was requested by another client"),
        None if several => Err("is for several clients, and does not say which one requested it"),
        None => Ok(()),
    }
}

/// A time in seconds, possibly with a fraction (RFC 7519, section 2).
fn seconds(claim: &Value) -> Option<i64> {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the fraction is cut off on purpose"
    )]
    let whole = |seconds: f64| seconds.floor() as i64;
    claim.as_i64().or_else(|| claim.as_f64().map(whole))
}

fn object(part: &str) -> Result<Map<String, Value>, ProviderFault> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok();
    let object = bytes.and_then(|bytes| json::parse_object(&bytes).ok());
    object.ok_or(ProviderFault::IdToken(
        "has a part that is not a single JSON object",
    ))
}
