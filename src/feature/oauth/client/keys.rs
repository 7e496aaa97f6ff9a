//! A provider's keys, and the verification of ID tokens.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::{
    digest,
    signature::{self, RsaPublicKeyComponents, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    fault::ProviderFault,
    hourly,
    metadata::{self, Discovery},
};
use crate::{
    error::BoxError,
    outbound::Web,
    renewal::{Fetch, Renewed, Terms},
};

pub(super) const TERMS: Terms = hourly("the keys of a provider");
/// The key lengths that the verifier accepts, in bits. The minimum is from NIST SP 800-131A.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The signature algorithms of ID tokens: the asymmetric algorithms of RFC 7518 that providers use,
/// and Ed25519 (RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    EdDsa,
    Es256,
    Es384,
    Ps256,
    Ps384,
    Ps512,
    Rs256,
    Rs384,
    Rs512,
}

/// A provider's keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keys(Vec<Key>);

#[derive(PartialEq, Eq)]
pub(super) struct Key {
    kid: Option<String>,
    /// The only algorithm that the key may be used with, if the key names an algorithm.
    algorithm: Option<String>,
    material: Material,
}

#[derive(PartialEq, Eq)]
enum Material {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    P384(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// The reason why no single key can be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// Several keys fit.
    Ambiguous,
    /// No key has that identifier, or no key fits.
    Unknown,
    /// A key has that identifier, but is meant for another use.
    Unfit,
}

/// Fetches one provider's keys, from the URL in its configuration.
#[derive(Debug)]
pub(super) struct Jwks {
    pub(super) web: Web,
    pub(super) metadata: Renewed<Discovery>,
}

#[async_trait]
impl Fetch for Jwks {
    type Value = Keys;

    async fn fetch(&self, known: Option<Arc<Keys>>) -> Result<Arc<Keys>, BoxError> {
        let metadata = self.metadata.at_hand();
        let metadata = metadata.ok_or(ProviderFault::NotAtHand("the configuration"))?;
        let document = metadata::fetch(&self.web, "JWK Set", metadata.jwks.as_str()).await?;
        let keys = Keys::read(&document)?;
        Ok(match known {
            Some(known) if *known == keys => known,
            _ => {
                tracing::info!(keys = keys.0.len(), "the keys of a provider have changed");
                Arc::new(keys)
            }
        })
    }
}

impl Keys {
    /// Reads a JWK Set (RFC 7517). Keys that cannot verify an ID token are ignored.
    fn read(document: &Map<String, Value>) -> Result<Self, ProviderFault> {
        let nonsense = |why| ProviderFault::Nonsense("JWK Set", why);
        let Some(Value::Array(jwks)) = document.get("keys") else {
            return Err(nonsense("has no array of keys"));
        };
        let jwks = || jwks.iter().filter_map(Value::as_object);
        let is_private = |jwk: &Map<String, Value>| {
            jwk.contains_key("d") && jwk.get("kty").is_some_and(|kty| kty != "oct")
        };
        if jwks().any(is_private) {
            return Err(nonsense("publishes a private key"));
        }
        let keys: Vec<Key> = jwks().filter_map(Key::read).collect();
        if keys.is_empty() {
            return Err(nonsense("has no key for signatures"));
        }
        Ok(Self(keys))
    }

    /// Finds the key that verifies a token. If the token has no key identifier, exactly one key
    /// must fit (OpenID Connect Core 1.0, section 10.1).
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, NoKey> {
        let named = |key: &&Key| kid.is_none() || key.kid.as_deref() == kid;
        let mut fit = self
            .0
            .iter()
            .filter(named)
            .filter(|key| key.fits(algorithm));
        match (fit.next(), fit.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(NoKey::Ambiguous),
            _ if kid.is_some() && self.0.iter().any(|key| named(&key)) => Err(NoKey::Unfit),
            _ => Err(NoKey::Unknown),
        }
    }
}

impl Key {
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).map(|value| value.as_str());
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
        let is_for_signatures = matches!(text("use"), None | Some(Some("sig")))
            && match jwk.get("key_ops") {
                None => true,
                Some(Value::Array(operations)) => operations.iter().any(|it| it == "verify"),
                Some(_) => false,
            };
        if !is_for_signatures {
            return None;
        }
        let material = match (text("kty")??, text("crv").flatten()) {
            ("RSA", None) => rsa(&bytes("n")?, &bytes("e")?)?,
            ("EC", Some("P-256")) => Material::P256(point(&bytes("x")?, &bytes("y")?, 32)?),
            ("EC", Some("P-384")) => Material::P384(point(&bytes("x")?, &bytes("y")?, 48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x").filter(|x| x.len() == 32)?),
            _ => return None,
        };
        // An optional member may be absent. If it is present but not text, the key is invalid.
        let optional = |name: &str| match text(name) {
            None => Some(None),
            Some(text) => text.map(|text| Some(text.to_owned())),
        };
        Some(Self {
            kid: optional("kid")?,
            algorithm: optional("alg")?,
            material,
        })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let fits = match self.material {
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::P384(_) => algorithm == Algorithm::Es384,
            Material::Rsa { .. } => !matches!(
                algorithm,
                Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384
            ),
        };
        fits && self
            .algorithm
            .as_deref()
            .is_none_or(|alone| Algorithm::read(alone) == Some(algorithm))
    }

    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], proof: &[u8]) -> bool {
        let by_curve = |scheme: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(scheme, key).verify(message, proof)
        };
        let verified = match (&self.material, algorithm) {
            (Material::Ed25519(key), Algorithm::EdDsa) => by_curve(&signature::ED25519, key),
            (Material::P256(key), Algorithm::Es256) => {
                by_curve(&signature::ECDSA_P256_SHA256_FIXED, key)
            }
            (Material::P384(key), Algorithm::Es384) => {
                by_curve(&signature::ECDSA_P384_SHA384_FIXED, key)
            }
            (Material::Rsa { n, e }, algorithm) => match algorithm.rsa() {
                Some(scheme) => RsaPublicKeyComponents { n, e }.verify(scheme, message, proof),
                None => return false,
            },
            _ => return false,
        };
        verified.is_ok()
    }
}

impl Algorithm {
    /// Reads the name of a supported algorithm. All other names are refused, including `none` and the symmetric
    /// algorithms of RFC 7518.
    pub(super) fn read(name: &str) -> Option<Self> {
        Some(match name {
            "EdDSA" => Self::EdDsa,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            _ => return None,
        })
    }

    fn rsa(self) -> Option<&'static signature::RsaParameters> {
        Some(match self {
            Self::EdDsa | Self::Es256 | Self::Es384 => return None,
            Self::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            Self::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        })
    }

    /// The digest algorithm of `at_hash` (OpenID Connect Core 1.0, section 3.1.3.6).
    pub(super) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Es256 | Self::Ps256 | Self::Rs256 => &digest::SHA256,
            Self::Es384 | Self::Ps384 | Self::Rs384 => &digest::SHA384,
            Self::EdDsa | Self::Ps512 | Self::Rs512 => &digest::SHA512,
        }
    }
}

fn rsa(n: &[u8], e: &[u8]) -> Option<Material> {
    let unpadded = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect()
    };
    let (n, e) = (unpadded(n), unpadded(e));
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    let sound = RSA_BITS.contains(&bits) && is_odd(&n) && is_odd(&e) && e != [1] && e.len() <= 4;
    sound.then_some(Material::Rsa { n, e })
}

fn point(x: &[u8], y: &[u8], length: usize) -> Option<Vec<u8>> {
    (x.len() == length && y.len() == length).then(|| [&[4], x, y].concat())
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.kid.as_deref().unwrap_or("-"))
    }
}
