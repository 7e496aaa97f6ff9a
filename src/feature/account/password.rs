//! Changing one's own password.

use super::Accounts;
use crate::{
    credential::{CHECKS, NewPassword, overtaken},
    error::Result,
    event::{ClientInfo, EventKind},
    mail::{LetterKind, Recipient},
    secret::Password,
    token::{ActiveUser, Checked, NewCookie},
};

impl Accounts {
    /// Sets a new password. The caller's session continues, every other session ends, and the user
    /// is notified by email. A browser session gets a new cookie, which is returned.
    ///
    /// For an account without a password, omit `current`; a recent sign-in is required instead.
    ///
    /// # Errors
    /// * [`WeakPassword`](crate::ErrorKind::WeakPassword) for `new_password`;
    /// * [`InvalidCredentials`](crate::ErrorKind::InvalidCredentials) if `current` is wrong, or the account has no
    ///   password;
    /// * [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for `current_password` if it is
    ///   missing or too long;
    /// * [`ReauthenticationRequired`](crate::ErrorKind::ReauthenticationRequired) for an account without a password, if
    ///   the sign-in is not recent;
    /// * [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken) if the session ended during the check;
    /// * [`Unavailable`](crate::ErrorKind::Unavailable) if the password was checked three times and
    ///   the account changed each time;
    /// * [`TooManyAttempts`](crate::ErrorKind::TooManyAttempts), [`RateLimited`](crate::ErrorKind::RateLimited) or
    ///   [`Overloaded`](crate::ErrorKind::Overloaded).
    pub async fn change_password(
        &self,
        caller: &ActiveUser,
        current: Option<&Password>,
        new: &Password,
        client: &ClientInfo,
    ) -> Result<Option<NewCookie>> {
        let new_password = NewPassword {
            display_name: caller.user.display_name.as_deref(),
            user_id: Some(caller.user.id),
            actor_id: Some(caller.user.id),
            ..NewPassword::new("new_password", new, &caller.user.email, client)
        };
        self.rules.ensure(&new_password).await?;
        let mut hash = None;
        for _ in 0..CHECKS {
            let checked = self
                .confirmation
                .password_or_recent(caller, "current_password", current, client)
                .await?;
            let hash = match &hash {
                Some(hash) => hash,
                None => hash.insert(self.hasher.hash(new).await?),
            };
            let now = self.core.clock.now();
            let event = Self::event(EventKind::PasswordChanged, caller, now, client);
            let mail = self.core.deliveries.notice(
                LetterKind::PasswordChanged,
                Recipient::User(caller.user.id),
                now,
                client,
            );
            let renewal = self.core.tokens.replacement(caller, now)?;
            let renewed = renewal.as_ref().map(|renewal| &renewal.renewed);
            let changed = self
                .core
                .store
                .change_password(&checked, renewed, hash, now, &event, mail.as_ref())
                .await?;
            if changed == Checked::Done {
                self.core.trail.publish(&event);
                self.core.hooks.after_password_change(&caller.user);
                self.core.deliveries.wake();
                return Ok(renewal.map(|renewal| renewal.cookie));
            }
            self.core.ensure_live(caller).await?;
        }
        Err(overtaken())
    }

    /// Checks the password again. For the next 10 minutes, the caller then counts as recently
    /// signed in. A browser session gets a new cookie, which is returned.
    ///
    /// # Errors
    /// * [`InvalidCredentials`](crate::ErrorKind::InvalidCredentials) if the password is wrong, or the account has no
    ///   password;
    /// * [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for a password that is too long;
    /// * [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken) if the session ended during the check;
    /// * [`Unavailable`](crate::ErrorKind::Unavailable) if the password was checked three times and
    ///   the account changed each time;
    /// * [`TooManyAttempts`](crate::ErrorKind::TooManyAttempts), [`RateLimited`](crate::ErrorKind::RateLimited) or
    ///   [`Overloaded`](crate::ErrorKind::Overloaded).
    pub async fn reauthenticate(
        &self,
        caller: &ActiveUser,
        password: &Password,
        client: &ClientInfo,
    ) -> Result<Option<NewCookie>> {
        for _ in 0..CHECKS {
            let checked = self
                .confirmation
                .password(caller, "password", password, client)
                .await?;
            let now = self.core.clock.now();
            let event = Self::event(EventKind::Reauthenticated, caller, now, client);
            let renewal = self.core.tokens.renewal(caller, now)?;
            let renewed = renewal.as_ref().map(|renewal| &renewal.renewed);
            let done = self
                .core
                .store
                .reauthenticate(&checked, renewed, now, &event);
            if done.await? == Checked::Done {
                self.core.trail.publish(&event);
                return Ok(renewal.map(|renewal| renewal.cookie));
            }
            self.core.ensure_live(caller).await?;
        }
        Err(overtaken())
    }
}
