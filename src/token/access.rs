//! Access tokens: short-lived JWTs (RFC 7519) with the header and claims of RFC 9068.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use quick_cache::{Weighter, sync::Cache};
use uuid::Uuid;

use super::{
    SessionId,
    claims::{Claims, ClaimsRef, Header, TYP, decode_part, encode_part, read_header, read_object},
    key::SigningKeys,
};
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    secret::{AccessToken, random_bytes},
    user::{Role, Roles, User, UserId},
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

    pub(crate) fn issue(
        &self,
        user: &User,
        session: SessionId,
        now: Timestamp,
    ) -> Result<AccessToken> {
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
        };
        let mut token = format!("{}.{}", encode_part(&header)?, encode_part(&claims)?);
        let signature = key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        if token.len() > MAX_TOKEN {
            return Err(Error::internal(
                "an access token is too long: its user has too many roles",
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

        let claims: Claims = read_object(&decode_part(claims)?)?;
        let lifetime = claims.exp.checked_sub(claims.iat)?;
        let max_lifetime = i64::try_from(MAX_LIFETIME.as_secs()).ok()?;
        if claims.iss != self.issuer
            || claims.aud != self.audience
            || !(1..=max_lifetime).contains(&lifetime)
        {
            return None;
        }
        Some(CurrentUser(Arc::new(Verified {
            id: canonical_uuid(&claims.sub)?.into(),
            session_id: canonical_uuid(&claims.sid)?.into(),
            token_id: canonical_uuid(&claims.jti)?,
            roles: claims
                .roles
                .iter()
                .map(|role| role.parse())
                .collect::<Result<_, _>>()
                .ok()?,
            issued_at: DateTime::from_timestamp(claims.iat, 0)?,
            expires_at: DateTime::from_timestamp(claims.exp, 0)?,
        })))
    }
}

/// The `uuid` crate also reads braces, URNs and capitals; a token has one spelling.
fn canonical_uuid(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text).then_some(id)
}

#[derive(Clone, Debug)]
struct ByLength;

impl Weighter<Box<str>, CurrentUser> for ByLength {
    fn weight(&self, token: &Box<str>, _: &CurrentUser) -> u64 {
        // What a token costs besides its text: the claims and the cache's own entry, roughly.
        token.len() as u64 + 512
    }
}

/// Who a verified access token says is calling. The database was not asked: the session may have ended since.
///
/// Cheap to clone. Where a logout must act at once, use [`ActiveUser`](super::ActiveUser).
#[derive(Clone, Debug)]
pub struct CurrentUser(Arc<Verified>);

#[derive(Debug)]
struct Verified {
    id: UserId,
    session_id: SessionId,
    token_id: Uuid,
    roles: Roles,
    issued_at: Timestamp,
    expires_at: Timestamp,
}

impl CurrentUser {
    /// The user: claim `sub`.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.0.id
    }

    /// The session: claim `sid`.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.0.session_id
    }

    /// The token's own identifier: claim `jti`.
    #[must_use]
    pub fn token_id(&self) -> Uuid {
        self.0.token_id
    }

    /// The roles when the token was issued: claim `roles`.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.0.roles
    }

    /// Whether the user had the role when the token was issued.
    #[must_use]
    pub fn has_role(&self, role: &Role) -> bool {
        self.0.roles.contains(role)
    }

    /// When the token was issued: claim `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.0.issued_at
    }

    /// From when on the token is not accepted: claim `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }
}

#[cfg(test)]
mod tests;
