//! The ways in: one folder per feature, with its use cases and its endpoints. They never import each other.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod email_verification;
pub(crate) mod lockout;
#[cfg(feature = "oauth")]
pub mod oauth;
pub(crate) mod password;
pub(crate) mod session;

// The pages of mailed links stand on the ways in.
#[cfg(feature = "pages")]
pub(crate) mod page;
