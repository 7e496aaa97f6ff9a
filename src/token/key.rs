//! The keys for access tokens: the first key signs, and all keys verify and are published.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde_json::{Value, json};

use super::{
    SigningAlgorithm,
    verifying_key::{Material, VerifyingKey, VerifyingKeys},
};
use crate::{
    error::{BoxError, Error, Result},
    secret::{Secret, Secrets},
};

/// The keys that sign and verify access tokens. Each key has one algorithm and is used for nothing else.
#[derive(Clone, Debug)]
pub struct SigningKeys(Vec<SigningKey>);

impl SigningKeys {
    /// Derives one key from each master secret, in the order of the secrets.
    ///
    /// # Errors
    /// If the cryptographic library refuses a derived key.
    pub fn derive(secrets: &Secrets, algorithm: SigningAlgorithm) -> Result<Self> {
        secrets
            .iter()
            .map(|secret| SigningKey::derive(secret, algorithm))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Private keys in PKCS #8 PEM (RFC 5958), Ed25519 or P-256; the first key signs.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if there is no key, or a key is of
    /// another type.
    pub fn from_pem<'a>(pems: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let keys: Vec<_> = pems
            .into_iter()
            .map(SigningKey::from_pem)
            .collect::<Result<_>>()?;
        if keys.is_empty() {
            return Err(Error::configuration("at least one signing key is needed"));
        }
        Ok(Self(keys))
    }

    pub(super) fn first(&self) -> Option<&SigningKey> {
        self.0.first()
    }

    pub(super) fn verifying(&self) -> VerifyingKeys {
        self.0.iter().map(|key| key.verifying.clone()).collect()
    }

    /// The identifiers of the keys (`kid`). The first key signs.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.0.iter().map(|key| key.verifying.kid.clone()).collect()
    }

    /// The public keys as a JWK Set (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys: Vec<_> = self.0.iter().filter_map(|key| key.jwk.as_ref()).collect();
        json!({ "keys": keys })
    }
}

/// One key, with one algorithm.
#[derive(Clone)]
pub(super) struct SigningKey {
    pub(super) verifying: VerifyingKey,
    private: Arc<PrivateKey>,
    jwk: Option<Value>,
}

enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Hmac(Box<hmac::Key>),
}

impl SigningKey {
    fn derive(secret: &Secret, algorithm: SigningAlgorithm) -> Result<Self> {
        match algorithm {
            SigningAlgorithm::EdDsa => {
                let seed = secret.derive::<32>("access token EdDSA");
                let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(rejected)?;
                Self::ed25519(pair)
            }
            SigningAlgorithm::Es256 => Self::p256(derive_p256(secret)?),
            SigningAlgorithm::Hs256 => {
                let key = secret.derive::<32>("access token HS256");
                let key = Box::new(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()));
                let kid = secret.derive::<16>("access token HS256 kid");
                Ok(Self {
                    verifying: VerifyingKey {
                        kid: URL_SAFE_NO_PAD.encode(kid),
                        algorithm,
                        material: Material::Hmac(key.clone()),
                    },
                    private: Arc::new(PrivateKey::Hmac(key)),
                    jwk: None,
                })
            }
        }
    }

    fn from_pem(pem: &str) -> Result<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| Error::configuration("a signing key is not PKCS #8 in PEM"))?;
        let der = der.secret_pkcs8_der();
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Self::ed25519(pair);
        }
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| Error::configuration("a signing key is neither Ed25519 nor P-256"))
            .and_then(Self::p256)
    }

    fn ed25519(pair: Ed25519KeyPair) -> Result<Self> {
        let public = pair.public_key().as_ref();
        let x = URL_SAFE_NO_PAD.encode(public);
        let kid = thumbprint(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        Ok(Self {
            jwk: Some(
                json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA" }),
            ),
            verifying: VerifyingKey {
                kid,
                algorithm: SigningAlgorithm::EdDsa,
                material: Material::ed25519(public).map_err(rejected)?,
            },
            private: Arc::new(PrivateKey::Ed25519(pair)),
        })
    }

    fn p256(pair: EcdsaKeyPair) -> Result<Self> {
        let point = pair.public_key().as_ref();
        // The point is uncompressed: 0x04, then both coordinates (SEC 1, section 2.3.3).
        let (Some(x), Some(y)) = (point.get(1..33), point.get(33..65)) else {
            return Err(Error::internal("a P-256 public key has an unexpected form"));
        };
        let material = Material::p256(point).map_err(rejected)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let kid = thumbprint(&format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#
        ));
        Ok(Self {
            jwk: Some(
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256" }),
            ),
            verifying: VerifyingKey {
                kid,
                algorithm: SigningAlgorithm::Es256,
                material,
            },
            private: Arc::new(PrivateKey::P256(pair)),
        })
    }

    /// The signature as encoded in a JWS (RFC 7518, section 3; RFC 8037, section 3.1).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        match &*self.private {
            PrivateKey::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec()),
            PrivateKey::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec()),
            PrivateKey::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
        .map_err(unspecified)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.verifying).finish()
    }
}

/// RFC 7638: the digest of the required members, in lexicographic order.
fn thumbprint(members: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

/// A P-256 private key is a number below the order of the curve. If a derived value is out of range, as about one in
/// 2^32 is, the next value is used instead.
fn derive_p256(secret: &Secret) -> Result<EcdsaKeyPair> {
    // The parts of an ECPrivateKey (RFC 5915) before and after the key: version 1, and the named curve prime256v1.
    const HEAD: &[u8] = &[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
    const TAIL: &[u8] = &[
        0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07,
    ];
    (0..8)
        .find_map(|attempt| {
            let scalar = secret.derive::<32>(&format!("access token ES256 {attempt}"));
            let der = [HEAD, scalar.as_ref(), TAIL].concat();
            EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok()
        })
        .ok_or_else(|| Error::internal("no P-256 key can be derived"))
}

fn rejected(error: aws_lc_rs::error::KeyRejected) -> Error {
    Error::internal(BoxError::from(error.to_string()))
}

fn unspecified(error: aws_lc_rs::error::Unspecified) -> Error {
    Error::internal(BoxError::from(error.to_string()))
}
