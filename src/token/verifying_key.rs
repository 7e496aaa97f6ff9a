//! The keys that verify access tokens and how they are read from a JWK Set (RFC 7517).

use std::fmt;

use aws_lc_rs::{
    error::KeyRejected,
    hmac,
    signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::SigningAlgorithm;
use crate::json;

/// The keys that verify tokens: one algorithm per key, and one key per identifier.
#[derive(Clone, Debug)]
pub(crate) struct VerifyingKeys(Vec<VerifyingKey>);

/// The document is not a JWK Set, or one of its keys is invalid.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the JWK Set {0}")]
pub(crate) struct InvalidJwks(&'static str);

impl VerifyingKeys {
    /// Reads the keys that this crate publishes: Ed25519 and P-256, for signatures. All others are ignored, including
    /// those of symmetric algorithms.
    pub(crate) fn from_jwks(document: &[u8]) -> Result<Self, InvalidJwks> {
        let mut document = json::parse_object(document)
            .map_err(|_| InvalidJwks("is not a single JSON object, or contains a member twice"))?;
        let Some(Value::Array(jwks)) = document.remove("keys") else {
            return Err(InvalidJwks("has no array of keys"));
        };
        let mut keys = Self(Vec::new());
        for jwk in &jwks {
            let jwk = jwk
                .as_object()
                .ok_or(InvalidJwks("holds a key that is not an object"))?;
            let Some(key) = VerifyingKey::from_jwk(jwk)? else {
                continue;
            };
            if keys.by_kid(&key.kid).is_some() {
                return Err(InvalidJwks("has two keys with the same identifier"));
            }
            keys.0.push(key);
        }
        Ok(keys)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn by_kid(&self, kid: &str) -> Option<&VerifyingKey> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

impl FromIterator<VerifyingKey> for VerifyingKeys {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

/// One key, with one algorithm.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    pub(super) kid: String,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) material: Material,
}

/// The key material that checks a signature.
#[derive(Clone)]
pub(super) enum Material {
    Public(ParsedPublicKey),
    Hmac(Box<hmac::Key>),
}

impl Material {
    /// `x` is the public key as encoded in RFC 8032, section 5.1.5.
    pub(super) fn ed25519(x: &[u8]) -> Result<Self, KeyRejected> {
        ParsedPublicKey::new(&ED25519, x).map(Self::Public)
    }

    /// `point` is uncompressed (SEC 1, section 2.3.3).
    pub(super) fn p256(point: &[u8]) -> Result<Self, KeyRejected> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map(Self::Public)
    }
}

impl VerifyingKey {
    /// `None` for a key that cannot sign access tokens of this crate.
    fn from_jwk(jwk: &Map<String, Value>) -> Result<Option<Self>, InvalidJwks> {
        let algorithm = match (text(jwk, "kty")?, text(jwk, "crv")?) {
            (Some("OKP"), Some("Ed25519")) => SigningAlgorithm::EdDsa,
            (Some("EC"), Some("P-256")) => SigningAlgorithm::Es256,
            _ => return Ok(None),
        };
        if jwk.contains_key("d") {
            return Err(InvalidJwks("publishes a private key"));
        }
        let other_use = text(jwk, "use")?.is_some_and(|purpose| purpose != "sig");
        let other_algorithm = text(jwk, "alg")?.is_some_and(|alg| alg != algorithm.as_str());
        let kid = text(jwk, "kid")?.filter(|kid| !kid.is_empty());
        let Some(kid) = kid.filter(|_| !other_use && !other_algorithm && verifies(jwk)) else {
            return Ok(None);
        };
        let x = coordinate(jwk, "x")?;
        let material = match algorithm {
            SigningAlgorithm::EdDsa => Material::ed25519(&x),
            _ => Material::p256(&[[4].as_slice(), &x, &coordinate(jwk, "y")?].concat()),
        }
        .map_err(|_| InvalidJwks("holds a key that is not a point of its curve"))?;
        Ok(Some(Self {
            kid: kid.to_owned(),
            algorithm,
            material,
        }))
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Public(key) => key.verify_sig(message, signature).is_ok(),
            Material::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, {})", self.algorithm.as_str(), self.kid)
    }
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, InvalidJwks> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(InvalidJwks("holds a key with a member of the wrong type")),
    }
}

/// Whether the key may be used to verify signatures (RFC 7517, section 4.3).
fn verifies(jwk: &Map<String, Value>) -> bool {
    match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    }
}

/// A coordinate has 32 bytes on both curves (RFC 8037, section 2; RFC 7518, section 6.2.1.2).
fn coordinate(jwk: &Map<String, Value>, name: &str) -> Result<[u8; 32], InvalidJwks> {
    text(jwk, name)?
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok())
        .ok_or(InvalidJwks("has a key without a valid coordinate"))
}

#[cfg(test)]
mod tests;
