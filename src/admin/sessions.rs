use super::Administration;
use crate::{
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    token::EndReason,
    user::UserId,
};

impl Administration {
    /// Ends every session of a user, and voids the links that set a password.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound).
    pub async fn log_out(&self, id: UserId, author: &Author) -> Result<()> {
        let now = self.clock.now();
        let event = author.event(EventKind::LoggedOutEverywhere, now);
        let ended = self
            .store
            .end_sessions(id, EndReason::LogoutAll, now, &event);
        if !ended.await? {
            return Err(ErrorKind::UserNotFound.into());
        }
        self.trail.publish(&event.of(id));
        Ok(())
    }

    /// Lets a user sign in again at once: no account is locked by this version, so that it only finds the user.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound).
    pub async fn unlock(&self, id: UserId) -> Result<()> {
        self.user(id).await.map(drop)
    }
}
