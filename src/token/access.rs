//! Access tokens: short-lived JWTs (RFC 7519) with the header and claims of RFC 9068.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use quick_cache::{Weighter, sync::Cache};
use serde_json::{Map, Value};

use super::{
    CurrentUser, SessionId,
    claims::{
        ClaimsRef, Header, TYP, decode_part, encode_part, is_reserved, read_claims, read_header,
    },
    current_user::Verified,
    key::SigningKeys,
};
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    secret::{AccessToken, random_bytes},
    user::{Permissions, User},
};

/// The longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 8 * 1024;
/// How far ahead of our clock the issuer's may run.
const MAX_SKEW: i64 = 5;
/// The longest lifetime of an access token.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(3600);
/// Bytes of verified tokens that are remembered.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;

/// Issues and verifies access tokens.
#[derive(Debug)]
pub(crate) struct AccessTokens {
    keys: SigningKeys,
    issuer: String,
    audience: String,
    lifetime: Duration,
    verified: Cache<Box<str>, CurrentUser, ByLength>,
}

impl AccessTokens {
    pub(crate) fn new(
        keys: SigningKeys,
        issuer: String,
        audience: String,
        lifetime: Duration,
    ) -> Self {
        Self {
            keys,
            issuer,
            audience,
            lifetime,
            verified: Cache::with_weighter(1024, CACHE_BYTES, ByLength),
        }
    }

    pub(crate) fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Signs a token for the session. `permissions` become a claim if they are given; `others` are further claims; of those that are ours none is taken over.
    ///
    /// # Errors
    /// `Internal` if the token becomes longer than any verifier reads.
    pub(crate) fn issue(
        &self,
        user: &User,
        session: SessionId,
        permissions: Option<&Permissions>,
        others: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<AccessToken> {
        for claim in others.keys().filter(|name| is_reserved(name)) {
            tracing::warn!(claim, "a reserved claim was left out of an access token");
        }
        let key = self
            .keys
            .first()
            .ok_or_else(|| Error::internal("there is no signing key"))?;
        let header = Header {
            alg: key.algorithm.as_str(),
            typ: TYP,
            kid: &key.kid,
        };
        let iat = now.timestamp();
        let claims = ClaimsRef {
            iss: &self.issuer,
            sub: user.id.as_uuid(),
            aud: &self.audience,
            exp: iat.saturating_add(i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX)),
            iat,
            jti: uuid::Builder::from_random_bytes(random_bytes()).into_uuid(),
            sid: session.as_uuid(),
            roles: &user.roles,
            permissions,
            others,
        };
        let mut token = format!("{}.{}", encode_part(&header)?, encode_part(&claims)?);
        let signature = key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        if token.len() > MAX_TOKEN {
            return Err(Error::internal(
                "an access token is too long: its user has too many roles or permissions, or other claims",
            ));
        }
        Ok(token.into())
    }

    /// Accepts exactly what [`issue`](Self::issue) makes, until it expires.
    ///
    /// A token that was verified before is found by all of its bytes, and costs no signature check.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<CurrentUser> {
        let user = match self.verified.get(token) {
            Some(user) => user,
            None => {
                let user = self.check(token).ok_or(ErrorKind::InvalidAccessToken)?;
                if user.issued_at().timestamp() > now.timestamp().saturating_add(MAX_SKEW) {
                    return Err(ErrorKind::InvalidAccessToken.into());
                }
                self.verified.insert(token.into(), user.clone());
                user
            }
        };
        if now < user.expires_at() {
            Ok(user)
        } else {
            Err(ErrorKind::InvalidAccessToken.into())
        }
    }

    /// Everything but the time: RFC 8725, and stricter.
    fn check(&self, token: &str) -> Option<CurrentUser> {
        if token.len() > MAX_TOKEN || token.bytes().filter(|&b| b == b'.').count() != 2 {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;

        let header = decode_part(header)?;
        let header = read_header(&header)?;
        let key = self.keys.by_kid(header.kid)?;
        if header.typ != TYP || header.alg != key.algorithm.as_str() {
            return None;
        }
        if !key.verifies(message.as_bytes(), &decode_part(signature)?) {
            return None;
        }

        let claims = read_claims(&decode_part(claims)?)?;
        let lifetime = claims.exp.checked_sub(claims.iat)?;
        let max_lifetime = i64::try_from(MAX_LIFETIME.as_secs()).ok()?;
        if claims.iss != self.issuer
            || claims.aud != self.audience
            || !(1..=max_lifetime).contains(&lifetime)
        {
            return None;
        }
        Some(CurrentUser(Arc::new(Verified {
            id: claims.sub.into(),
            session_id: claims.sid.into(),
            token_id: claims.jti,
            roles: claims.roles,
            permissions: claims.permissions,
            issued_at: DateTime::from_timestamp(claims.iat, 0)?,
            expires_at: DateTime::from_timestamp(claims.exp, 0)?,
            others: claims.others,
        })))
    }
}

#[derive(Clone, Debug)]
struct ByLength;

impl Weighter<Box<str>, CurrentUser> for ByLength {
    fn weight(&self, token: &Box<str>, user: &CurrentUser) -> u64 {
        // What a token costs besides its text: our claims and the cache's own entry, roughly.
        (token.len() + 512 + members(user.claims())) as u64
    }
}

fn members(object: &Map<String, Value>) -> usize {
    let member = |(name, value): (&String, &Value)| size_of::<String>() + name.len() + size(value);
    object.iter().map(member).sum()
}

/// The memory that a value takes, roughly: lists grow by doubling.
fn size(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(values) => 2 * values.iter().map(size).sum::<usize>(),
            Value::Object(object) => 2 * members(object),
        }
}

#[cfg(test)]
mod tests;
