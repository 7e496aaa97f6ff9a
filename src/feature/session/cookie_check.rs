//! The check of cookies for guards that see only claims.

use async_trait::async_trait;

use super::Sessions;
#[cfg(any(feature = "axum", feature = "actix"))]
use crate::http::CredentialRule;
use crate::{
    error::Result,
    secret::SessionCookie,
    token::{Credential, CurrentUser, Tokens},
    verifier::CheckCookie,
};

/// Checks cookies for guards that see only claims.
#[derive(Debug)]
pub(crate) struct CookieCheck {
    pub(crate) sessions: Sessions,
    pub(crate) tokens: Tokens,
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) credentials: CredentialRule,
}

#[async_trait]
impl CheckCookie for CookieCheck {
    async fn check(&self, cookie: &SessionCookie) -> Result<CurrentUser> {
        let cookie = Credential::from(cookie);
        let caller = self.sessions.current_user(&cookie).await?;
        Ok(self.tokens.claims_of(&caller))
    }

    #[cfg(any(feature = "axum", feature = "actix"))]
    fn credentials(&self) -> &CredentialRule {
        &self.credentials
    }
}
