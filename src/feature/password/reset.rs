use super::Passwords;
use crate::{
    credential::NewPassword,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    limit::Budget,
    mail::Recipient,
    secret::{OneTimeToken, Password, TokenDigest},
    token::{Purpose, Reset, ResetPassword},
    user::EmailAddress,
};

impl Passwords {
    /// The same statement whether or not the address has an account: the worker finds out.
    pub(crate) async fn forgot(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        let store = self.store.as_ref();
        let about = email.canonical();
        let admitted = self
            .limits
            .admit_quietly(store, Budget::Forgot, client, about);
        if !admitted.await? {
            return Ok(());
        }
        let requested = self.deliveries.request_reset(store, email, client);
        self.trail.publish(&requested.await?);
        self.deliveries.wake();
        Ok(())
    }

    pub(crate) async fn reset(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        let store = self.store.as_ref();
        let admitted = self.limits.admit(store, Budget::Reset, client, None);
        admitted.await?;
        let digest = TokenDigest::of(token.expose());
        // A forged token costs one indexed look-up and no hash.
        let user = store
            .one_time_user(&digest, Purpose::ResetPassword, self.clock.now())
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        let new = NewPassword {
            display_name: user.display_name.as_deref(),
            user_id: Some(user.id),
            ..NewPassword::new("new_password", new_password, &user.email, client)
        };
        self.rules.ensure(store, &new).await?;
        let password_hash = self.hasher.hash(new_password).await?;
        let counted = self.limits.of_account(user.email.canonical()).await?;
        let reset = ResetPassword {
            digest,
            password_hash,
            cleared_counter: self.limits.cleared_with(counted),
            now: self.clock.now(),
        };
        let event = Event::new(EventKind::PasswordReset, client, reset.now);
        let recipient = Recipient::UserOfFact;
        let mail = self
            .deliveries
            .password_changed(recipient, client, reset.now);
        let on_takeover = Event::new(EventKind::AccountTakenOver, client, reset.now);
        let done = store.reset_password(&reset, &event, &on_takeover, mail.as_ref());
        let Reset {
            user: owner,
            taken_over,
        } = done.await?.ok_or(ErrorKind::InvalidToken)?;
        self.limits.clear_after(counted).await;
        self.trail.publish(&event.of(owner.id));
        if taken_over {
            self.trail.publish(&on_takeover.of(owner.id));
            self.hooks.after_takeover(&owner);
        }
        self.hooks.after_password_change(&user);
        self.deliveries.wake();
        Ok(())
    }
}
