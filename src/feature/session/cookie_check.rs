//! The cookie check for guards that use only claims.

use std::time::Duration;

use async_trait::async_trait;

use super::{CheckedSessions, Sessions};
#[cfg(any(feature = "axum", feature = "actix"))]
use crate::http::CredentialRule;
use crate::{
    error::{Error, ErrorKind, Result},
    secret::{SessionCookie, TokenDigest},
    token::{Credential, CurrentUser, Tokens},
    verifier::CheckCookie,
};

/// Checks cookies for guards that use only claims.
#[derive(Debug)]
pub(crate) struct CookieCheck {
    pub(crate) sessions: Sessions,
    pub(crate) tokens: Tokens,
    /// The callers that were checked recently, if they are kept.
    pub(crate) checked: Option<CheckedSessions>,
    pub(crate) timeout: Duration,
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) credentials: CredentialRule,
}

#[async_trait]
impl CheckCookie for CookieCheck {
    async fn check(&self, cookie: &SessionCookie) -> Result<CurrentUser> {
        let digest = TokenDigest::of(cookie.expose());
        let known = self.checked.as_ref();
        let now = self.tokens.now();
        if let Some(caller) = known.and_then(|known| known.find(&digest, now)) {
            return Ok(caller);
        }
        let cookie = Credential::from(cookie);
        let checked = tokio::time::timeout(self.timeout, self.sessions.current_user(&cookie)).await;
        let caller = checked.unwrap_or_else(|elapsed| {
            Err(Error::new(ErrorKind::Unavailable).with_source(elapsed))
        })?;
        let claims = self.tokens.claims_of(&caller);
        if let Some(known) = known {
            known.insert(digest, &claims, now);
        }
        Ok(claims)
    }

    #[cfg(any(feature = "axum", feature = "actix"))]
    fn credentials(&self) -> &CredentialRule {
        &self.credentials
    }
}
