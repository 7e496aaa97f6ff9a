//! Setting the password of a user.

use super::Administration;
use crate::{
    credential::NewPassword,
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    mail::{LetterKind, Recipient},
    secret::Password,
    user::{User, UserId},
};

impl Administration {
    /// Sets the password of a user, and returns the changed user. All sessions of the user end,
    /// mailed links that set a password become void, the failed sign-ins are cleared, and the user
    /// is notified by email. Prefer to mail the user a link, because the administrator then never
    /// knows the password.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound); [`WeakPassword`](ErrorKind::WeakPassword) or
    /// [`ValidationFailed`](ErrorKind::ValidationFailed) for `new_password`;
    /// [`Overloaded`](ErrorKind::Overloaded).
    pub async fn set_password(
        &self,
        id: UserId,
        password: &Password,
        author: &Author,
    ) -> Result<User> {
        let user = self.user(id).await?;
        let new = NewPassword {
            display_name: user.display_name.as_deref(),
            user_id: Some(id),
            actor_id: author.actor_id,
            ..NewPassword::new("new_password", password, &user.email, &author.client)
        };
        self.rules.ensure(&new).await?;
        let hash = self.hasher.hash(password).await?;
        let (core, now) = (&self.core, self.core.clock.now());
        let event = author.event(EventKind::PasswordChanged, now);
        let mail = core.deliveries.notice(
            LetterKind::PasswordChanged,
            Recipient::UserOfFact,
            now,
            &author.client,
        );
        let counted = core.limits.of_account(user.email.canonical()).await?;
        let cleared = core.limits.cleared_with(counted);
        let user = core
            .store
            .set_password(id, &hash, cleared, now, &event, mail.as_ref())
            .await?
            .ok_or(ErrorKind::UserNotFound)?;
        core.limits.clear_after(counted).await;
        core.trail.publish(&event.of(id));
        core.hooks.after_password_change(&user);
        core.deliveries.wake();
        Ok(user)
    }
}
