//! The sealed key of counters.

/// A key, sealed for those who have one master secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct SealedKey {
    /// Names the secret, and gives nothing of it away.
    pub label: [u8; 16],
    /// The key, as only that secret opens it.
    pub sealed: Vec<u8>,
}
