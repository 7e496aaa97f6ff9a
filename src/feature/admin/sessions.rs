//! Logging a user out, and unlocking their sign-in.

use super::Administration;
use crate::{
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    token::EndReason,
    user::UserId,
};

impl Administration {
    /// Ends every session of a user, and invalidates the mailed links that set a password.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound).
    pub async fn log_out(&self, id: UserId, author: &Author) -> Result<()> {
        let now = self.core.clock.now();
        let event = author.event(EventKind::LoggedOutEverywhere, now);
        let ended = self
            .core
            .store
            .end_sessions(id, EndReason::LogoutAll, now, &event)
            .await?;
        if !ended {
            return Err(ErrorKind::UserNotFound.into());
        }
        self.core.trail.publish(&event.of(id));
        Ok(())
    }

    /// Clears the failed sign-ins of a user, so that the user can sign in again immediately.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound).
    pub async fn unlock(&self, id: UserId, author: &Author) -> Result<()> {
        let user = self.user(id).await?;
        let counted = self.core.limits.of_account(user.email.canonical()).await?;
        self.core.limits.clear(counted).await?;
        let event = author.event(EventKind::SignInUnlocked, self.core.clock.now());
        Ok(self.core.trail.record(&event.of(id)).await?)
    }
}
