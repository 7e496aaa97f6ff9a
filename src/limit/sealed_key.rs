//! The sealed counter key.

/// A key, sealed with one master secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct SealedKey {
    /// Identifies the secret, and reveals nothing about it.
    pub label: [u8; 16],
    /// The sealed key, which only that secret can open.
    pub sealed: Vec<u8>,
}
