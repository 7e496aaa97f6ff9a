//! The check of the cookies of browser sessions.

use async_trait::async_trait;

#[cfg(any(feature = "axum", feature = "actix"))]
use crate::http::CredentialRule;
use crate::{error::Result, secret::SessionCookie, token::CurrentUser};

/// Checks the cookies of browser sessions.
#[async_trait]
pub(crate) trait CheckCookie: std::fmt::Debug + Send + Sync {
    /// The caller whose cookie it is, as the database confirms.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken).
    async fn check(&self, cookie: &SessionCookie) -> Result<CurrentUser>;

    /// The rule that finds what a caller presents.
    #[cfg(any(feature = "axum", feature = "actix"))]
    fn credentials(&self) -> &CredentialRule;
}
