//! The master secret and key derivation.

use std::{fmt, str::FromStr};

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::{Zeroize, Zeroizing};

use super::{HmacKey, random_bytes};
use crate::error::{Error, Result};

const MIN_BYTES: usize = 32;

/// A master secret: at least 32 random bytes. For each use, a separate key is derived from it with HKDF-SHA256 (RFC
/// 5869).
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret from at least 32 bytes of key material.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if there are fewer bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        let secret = Self(bytes);
        if secret.0.len() < MIN_BYTES {
            return Err(Error::configuration(
                "a master secret needs at least 32 bytes",
            ));
        }
        Ok(secret)
    }

    /// A new secret from the operating system's random number generator.
    #[must_use]
    pub fn generate() -> Self {
        Self(random_bytes::<MIN_BYTES>().to_vec())
    }

    /// The secret in standard base64, for storage. Do not log it or pass it to untrusted code.
    #[must_use]
    pub fn expose_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(&self.0))
    }

    pub(crate) fn derive<const N: usize>(&self, purpose: &str) -> Zeroizing<[u8; N]> {
        let mut key = Zeroizing::new([0; N]);
        let info = format!("hallpass v1 {purpose}");
        #[allow(
            clippy::expect_used,
            reason = "keys are far shorter than HKDF's limit of 8160 bytes"
        )]
        Salt::new(HKDF_SHA256, &[])
            .extract(&self.0)
            .expand(&[info.as_bytes()], Length(N))
            .and_then(|output| output.fill(key.as_mut()))
            .expect("keys are shorter than HKDF's limit");
        key
    }

    pub(crate) fn hmac_key(&self, purpose: &str) -> HmacKey {
        HmacKey::new(self.derive::<32>(purpose).as_ref())
    }
}

/// The length of a derived key, in bytes.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl FromStr for Secret {
    type Err = Error;

    /// Reads standard base64.
    fn from_str(text: &str) -> Result<Self> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| Error::configuration("a master secret must be standard base64"))?;
        Self::from_bytes(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The generations of the master secret. The first secret signs and derives everything that is
/// issued; all secrets verify.
///
/// To rotate, add the new secret as the second one on every instance, then move it to the front,
/// and finally drop the old one. No session ends. The limit and lockout counters are not reset
/// either, because they use a key that is stored in the database, sealed with each secret. If a
/// secret replaces another secret without an overlap, all counters start from zero.
///
/// ```
/// use hallpass::Secrets;
///
/// let secrets: Secrets = "bWFzdGVyIHNlY3JldCBvZiBhdCBsZWFzdCAzMiBieXRlcw==".parse()?;
/// # Ok::<(), hallpass::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Secrets {
    first: Secret,
    others: Vec<Secret>,
}

impl Secrets {
    /// The current secret and the other secrets, which only verify.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a secret is listed twice.
    pub fn new(first: Secret, others: Vec<Secret>) -> Result<Self> {
        let mut all = Self::from(first);
        for secret in others {
            if all.iter().any(|known| known.0 == secret.0) {
                return Err(Error::configuration("a master secret is listed twice"));
            }
            all.others.push(secret);
        }
        Ok(all)
    }

    /// The secret that signs and derives everything that is issued.
    pub(crate) fn first(&self) -> &Secret {
        &self.first
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl From<Secret> for Secrets {
    fn from(first: Secret) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }
}

impl Secrets {
    /// Reads an environment variable, such as `HALLPASS_SECRET`: comma-separated standard base64, the current secret
    /// first.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the variable is not set, or contains
    /// no secret of 32 bytes or more.
    pub fn from_env(name: &str) -> Result<Self> {
        let Ok(text) = std::env::var(name) else {
            return Err(Error::configuration(format!(
                "the environment variable {name} is not set: it holds the master secret, \
                 such as the output of `head -c 32 /dev/urandom | base64`"
            )));
        };
        text.parse()
    }
}

impl FromStr for Secrets {
    type Err = Error;

    /// Reads comma-separated standard base64, the current secret first.
    fn from_str(text: &str) -> Result<Self> {
        let mut secrets = text.split(',').map(|part| part.trim().parse());
        let first = secrets
            .next()
            .unwrap_or_else(|| Err(Error::configuration("a master secret is required")))?;
        Self::new(first, secrets.collect::<Result<_>>()?)
    }
}
