//! The breach check for new passwords.

#[cfg(feature = "breach-check")]
mod http;

use async_trait::async_trait;

#[cfg(feature = "breach-check")]
pub use self::http::HttpBreachCheck;
use crate::{error::BoxError, secret::Password};

/// Checks whether a password is known from a data breach.
///
/// A new password is checked once, after the [policy](super::PasswordPolicy) has accepted it. A known password is
/// refused as [`Breached`](crate::error::Weakness::Breached), whether or not the given address has an account. No
/// database connection is held during the check.
///
/// The check fails open. If it returns an error, or takes longer than 2 seconds (a quarter of the request timeout, if
/// that is less), the password is accepted, and the event
/// [`BreachCheckFailed`](crate::event::EventKind::BreachCheckFailed) is recorded.
///
/// ```
/// use std::collections::HashSet;
///
/// use hallpass::{error::BoxError, secret::Password, credential::BreachCheck};
///
/// #[derive(Debug)]
/// struct Leaked(HashSet<String>);
///
/// #[async_trait::async_trait]
/// impl BreachCheck for Leaked {
///     async fn is_breached(&self, password: &Password) -> Result<bool, BoxError> {
///         Ok(self.0.contains(password.expose()))
///     }
/// }
/// ```
#[async_trait]
pub trait BreachCheck: std::fmt::Debug + Send + Sync + 'static {
    /// Whether the password is known from a breach.
    ///
    /// # Errors
    /// If the check failed. The error is logged, so it must not contain the password or a digest of it.
    async fn is_breached(&self, password: &Password) -> Result<bool, BoxError>;
}
