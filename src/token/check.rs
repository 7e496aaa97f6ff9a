//! The check of access tokens for every key source, at least as strict as RFC 8725 requires.

use std::{sync::Arc, time::Duration};

use chrono::DateTime;
use quick_cache::{Weighter, sync::Cache};
use serde_json::{Map, Value};

use super::{
    CurrentUser,
    claims::{TYP, decode_part, read_claims, read_header},
    current_user::Verified,
    verifying_key::VerifyingKeys,
};
use crate::clock::Timestamp;

/// The longest token that is parsed, in bytes.
pub(super) const MAX_TOKEN: usize = 8 * 1024;
/// How far the issuer's clock may be ahead of this clock, in seconds.
const MAX_SKEW: i64 = 5;
/// The longest lifetime of an access token.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(3600);
/// The size of the cache of verified tokens, in bytes.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;

/// Verifies the access tokens of one issuer, for one audience, with a fixed set of keys.
#[derive(Debug)]
pub(crate) struct TokenCheck {
    keys: VerifyingKeys,
    issuer: String,
    audience: String,
    verified: Cache<Box<str>, CurrentUser, ByLength>,
}

/// The reason why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// The token is malformed, forged or expired, or belongs to another issuer or audience.
    Invalid,
    /// The token names a key that the verifier does not have, so the rest of the token was not
    /// checked.
    UnknownKey,
}

impl TokenCheck {
    pub(crate) fn new(keys: VerifyingKeys, issuer: String, audience: String) -> Self {
        Self {
            keys,
            issuer,
            audience,
            verified: Cache::with_weighter(1024, CACHE_BYTES, ByLength),
        }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) fn audience(&self) -> &str {
        &self.audience
    }

    /// A token that was verified before is looked up in the cache by its whole text, and its
    /// signature is not checked again.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<CurrentUser, TokenFault> {
        let user = match self.verified.get(token) {
            Some(user) => user,
            None => {
                let user = self.check(token)?;
                if user.issued_at().timestamp() > now.timestamp().saturating_add(MAX_SKEW) {
                    return Err(TokenFault::Invalid);
                }
                self.verified.insert(token.into(), user.clone());
                user
            }
        };
        if now < user.expires_at() {
            Ok(user)
        } else {
            Err(TokenFault::Invalid)
        }
    }

    /// Checks everything except the time.
    fn check(&self, token: &str) -> Result<CurrentUser, TokenFault> {
        let parts = Parts::of(token).ok_or(TokenFault::Invalid)?;
        let header = decode_part(parts.header).ok_or(TokenFault::Invalid)?;
        let header = read_header(&header).ok_or(TokenFault::Invalid)?;
        if header.typ != TYP {
            return Err(TokenFault::Invalid);
        }
        let key = self.keys.by_kid(header.kid).ok_or(TokenFault::UnknownKey)?;
        let signature = decode_part(parts.signature).ok_or(TokenFault::Invalid)?;
        if header.alg != key.algorithm.as_str()
            || !key.verifies(parts.message.as_bytes(), &signature)
        {
            return Err(TokenFault::Invalid);
        }
        self.read(parts.claims).ok_or(TokenFault::Invalid)
    }

    fn read(&self, claims: &str) -> Option<CurrentUser> {
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
            authenticated_at: DateTime::from_timestamp(claims.auth_time, 0)?,
            methods: claims.amr,
            acr: claims.acr,
            others: claims.others,
        })))
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> (u64, u64) {
        (self.verified.weight(), CACHE_BYTES)
    }
}

/// The parts of the compact serialization (RFC 7515, section 7.1).
struct Parts<'a> {
    header: &'a str,
    claims: &'a str,
    /// The signed part: the header and the claims.
    message: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        if token.len() > MAX_TOKEN || token.bytes().filter(|&b| b == b'.').count() != 2 {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        Some(Self {
            header,
            claims,
            message,
            signature,
        })
    }
}

#[derive(Clone, Debug)]
struct ByLength;

impl Weighter<Box<str>, CurrentUser> for ByLength {
    fn weight(&self, token: &Box<str>, user: &CurrentUser) -> u64 {
        // The number is the approximate size of the reserved claims and of the cache entry.
        (token.len() + 640 + members(user.claims())) as u64
    }
}

fn members(object: &Map<String, Value>) -> usize {
    object
        .iter()
        .map(|(name, value)| size_of::<String>() + name.len() + size(value))
        .sum()
}

/// The approximate memory usage of a value. Lists and objects count twice, because their capacity grows by doubling.
fn size(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(values) => 2 * values.iter().map(size).sum::<usize>(),
            Value::Object(object) => 2 * members(object),
        }
}
