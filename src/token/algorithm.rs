//! The signature algorithms of access tokens.

/// How access tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// Ed25519 (RFC 8037): small keys, fast to sign and to verify, and hard to misuse.
    #[default]
    EdDsa,
    /// ECDSA on P-256 with SHA-256 (RFC 7518), for verifiers that lack Ed25519.
    Es256,
    /// HMAC with SHA-256 (RFC 7518). No key is published, because anyone who can verify could also sign.
    Hs256,
}

impl SigningAlgorithm {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }
}
