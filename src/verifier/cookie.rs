//! The check of browser session cookies.

use async_trait::async_trait;

#[cfg(any(feature = "axum", feature = "actix"))]
use crate::http::CredentialRule;
use crate::{error::Result, secret::SessionCookie, token::CurrentUser};

/// Checks browser session cookies.
#[async_trait]
pub(crate) trait CheckCookie: std::fmt::Debug + Send + Sync {
    /// The caller that the cookie belongs to, as confirmed by the database.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken).
    async fn check(&self, cookie: &SessionCookie) -> Result<CurrentUser>;

    /// The rule that finds a caller's credential.
    #[cfg(any(feature = "axum", feature = "actix"))]
    fn credentials(&self) -> &CredentialRule;
}
