//! The features: one folder each, with its use cases and endpoints. They never import each other.

pub mod account;
pub mod admin;
pub mod email_verification;
pub mod lockout;
#[cfg(feature = "oauth")]
pub mod oauth;
pub mod password;
pub mod session;

// The pages of mailed links use the features above.
#[cfg(feature = "pages")]
pub(crate) mod page;
