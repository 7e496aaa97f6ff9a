//! The account in its owner's hands.

#[cfg(feature = "http")]
pub(crate) mod http;
