//! Resetting a forgotten password.

use super::Passwords;
use crate::{
    credential::NewPassword,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    limit::Budget,
    mail::{LetterKind, Recipient},
    secret::{OneTimeToken, Password, TokenDigest},
    token::{Purpose, Reset, ResetPassword},
    user::EmailAddress,
};

impl Passwords {
    /// Runs the same statement whether or not the address has an account. The worker checks later
    /// whether there is one.
    pub(crate) async fn forgot(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        let store = self.core.store.as_ref();
        let admitted = self
            .core
            .limits
            .admit_quietly(Budget::Forgot, email.canonical(), client)
            .await?;
        if !admitted {
            return Ok(());
        }
        let requested = self
            .core
            .deliveries
            .request_reset(store, email, client)
            .await?;
        self.core.trail.publish(&requested);
        self.core.deliveries.wake();
        Ok(())
    }

    pub(crate) async fn reset(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        let store = self.core.store.as_ref();
        self.core.limits.admit(Budget::Reset, None, client).await?;
        let digest = TokenDigest::of(token.expose());
        // A forged token costs one indexed look-up and no password hash.
        let user = store
            .one_time_user(&digest, Purpose::ResetPassword, self.core.clock.now())
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        let new = NewPassword {
            display_name: user.display_name.as_deref(),
            user_id: Some(user.id),
            ..NewPassword::new("new_password", new_password, &user.email, client)
        };
        self.rules.ensure(&new).await?;
        let password_hash = self.hasher.hash(new_password).await?;
        let counted = self.core.limits.of_account(user.email.canonical()).await?;
        let reset = ResetPassword {
            digest,
            password_hash,
            cleared_counter: self.core.limits.cleared_with(counted),
            now: self.core.clock.now(),
        };
        let event = Event::new(EventKind::PasswordReset, reset.now, client);
        let mail = self.core.deliveries.notice(
            LetterKind::PasswordChanged,
            Recipient::UserOfFact,
            reset.now,
            client,
        );
        let on_takeover = Event::new(EventKind::AccountTakenOver, reset.now, client);
        let Reset {
            user: owner,
            taken_over,
        } = store
            .reset_password(&reset, &event, &on_takeover, mail.as_ref())
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        self.core.limits.clear_after(counted).await;
        self.core.trail.publish(&event.of(owner.id));
        if taken_over {
            self.core.trail.publish(&on_takeover.of(owner.id));
            self.core.hooks.after_takeover(&owner);
        }
        self.core.hooks.after_password_change(&user);
        self.core.deliveries.wake();
        Ok(())
    }
}
