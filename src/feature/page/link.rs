//! Looking up mailed links.

use std::sync::Arc;

use super::Action;
use crate::{
    core::Core,
    error::Result,
    event::ClientInfo,
    limit::Budget,
    secret::TokenDigest,
    token::{OneTimeStatus, Purpose},
};

/// Looks up mailed links without using up their tokens.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    pub(crate) core: Arc<Core>,
}

impl Links {
    /// The state of a link's token, for a client that opens the link.
    ///
    /// # Errors
    /// [`RateLimited`](crate::ErrorKind::RateLimited), [`Overloaded`](crate::ErrorKind::Overloaded) or
    /// [`Unavailable`](crate::ErrorKind::Unavailable).
    pub(super) async fn open(
        &self,
        action: Action,
        token: &str,
        client: &ClientInfo,
    ) -> Result<OneTimeStatus> {
        let budget = match action {
            Action::ResetPassword => Budget::Reset,
            Action::ConfirmEmailChange
            | Action::SecureAccount
            | Action::Unlock
            | Action::VerifyEmail => Budget::Verify,
        };
        let _permit = self.core.limits.admit_to_read(budget, client.ip).await?;
        self.status(action, token).await
    }

    /// The state of a link's token, for a client whose request has already been counted against its limit.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable).
    pub(super) async fn status(&self, action: Action, token: &str) -> Result<OneTimeStatus> {
        let purpose = match action {
            Action::ConfirmEmailChange => Purpose::ConfirmEmailChange,
            Action::ResetPassword => Purpose::ResetPassword,
            Action::SecureAccount => Purpose::SecureAccount,
            Action::Unlock => Purpose::Unlock,
            Action::VerifyEmail => Purpose::VerifyEmail,
        };
        let (digest, now) = (TokenDigest::of(token), self.core.clock.now());
        Ok(self
            .core
            .store
            .one_time_status(&digest, purpose, now)
            .await?)
    }
}
