//! The key source of a verifier.

use std::sync::Arc;

use super::FetchJwks;
use crate::{
    error::{Error, Result},
    token::VerifyingKeys,
};

/// The key source of a [`Verifier`](super::Verifier). Cheap to clone.
#[derive(Clone, Debug)]
pub struct KeySource(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Document(VerifyingKeys),
    Remote(Arc<dyn FetchJwks>),
}

impl KeySource {
    /// A JWK Set (RFC 7517) that never changes.
    ///
    /// Only Ed25519 and P-256 keys for signatures are read. All other keys are ignored, including
    /// symmetric ones.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if it is not a JWK Set, names a key twice, publishes a
    /// private key, or has no key for access tokens.
    pub fn document(jwks: impl AsRef<[u8]>) -> Result<Self> {
        let keys = VerifyingKeys::from_jwks(jwks.as_ref()).map_err(Error::configuration)?;
        if keys.len() == 0 {
            return Err(Error::configuration(
                "the JWK Set has no Ed25519 or P-256 key for signatures",
            ));
        }
        Ok(Self(Kind::Document(keys)))
    }

    /// A JWK Set that the host's own client fetches.
    #[must_use]
    pub fn remote(fetch: impl FetchJwks) -> Self {
        Self(Kind::Remote(Arc::new(fetch)))
    }

    /// A JWK Set that [`HttpJwks`](super::HttpJwks) fetches from this URL, which must begin with
    /// `https://`, or with `http://` on loopback.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL does not have this form, or
    /// there is no [cryptography](crate#cryptography) for TLS.
    #[cfg(feature = "jwks-client")]
    pub fn url(url: &str) -> Result<Self> {
        super::HttpJwks::new(url).map(Self::remote)
    }
}
