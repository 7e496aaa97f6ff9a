//! Sending a user a link to set a password.

use super::Administration;
use crate::{
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    mail::{LetterKind, Recipient},
    user::{UserId, UserStatus},
};

impl Administration {
    /// Emails a user a link to set a password. As with all emails, an address receives at most one per minute and five
    /// per hour.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound); [`AccountDisabled`](ErrorKind::AccountDisabled) if the account is
    /// disabled, because the link would not work.
    pub async fn send_password_link(&self, id: UserId, author: &Author) -> Result<()> {
        let user = self.user(id).await?;
        if user.status != UserStatus::Active {
            return Err(ErrorKind::AccountDisabled.into());
        }
        let core = &self.core;
        let now = core.clock.now();
        let event = author.event(EventKind::PasswordResetRequested, now).of(id);
        let event = core.trail.about(event, user.email.canonical());
        let mail = core
            .deliveries
            .letter(LetterKind::ResetPassword, Recipient::User(id), now);
        core.store.enqueue(&[mail], Some(&event)).await?;
        core.trail.publish(&event);
        core.deliveries.wake();
        Ok(())
    }
}
