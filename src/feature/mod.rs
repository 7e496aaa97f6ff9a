//! The features. Each has a folder with its use cases and endpoints. Only `page` imports other
//! features.

pub mod account;
pub mod admin;
pub mod email_verification;
pub mod lockout;
#[cfg(feature = "oauth")]
pub mod oauth;
pub mod password;
pub mod safeguard;
pub mod second_factor;
pub mod session;

// The built-in pages. They call the features above.
#[cfg(feature = "pages")]
pub mod page;
