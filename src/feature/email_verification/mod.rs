//! Proving that an address belongs to the user: the registered address, or a new one.
//!
//! ```text
//! verify   ──────────────────────────────► UPDATE token, user
//! resend   INSERT intent ────────────────► 202   (the worker mails the link, if the address is unverified)
//! change   SELECT credentials ► verify ──► UPSERT token, INSERT intents   (if nothing changed since)
//! confirm  ──────────────────────────────► UPDATE token, user, sessions
//! ```
//!
//! A link is valid only for the address to which it was mailed. No reply reveals whether an address
//! has an account: a change to a taken address gets the same reply as any other change, but no link
//! is mailed.

#[cfg(feature = "http")]
pub(crate) mod http;

use std::sync::Arc;

use crate::{
    core::Core,
    credential::{CHECKS, Confirmation, overtaken},
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    limit::Budget,
    mail::{Intent, LetterKind, Recipient},
    secret::{OneTimeToken, Password, TokenDigest},
    token::{ActiveUser, Checked},
    user::EmailAddress,
};

/// The use cases for proving that an address belongs to the user, returned by
/// [`Auth::email_verifications`](crate::Auth::email_verifications). Cheap to clone.
#[derive(Clone, Debug)]
pub struct EmailVerifications {
    pub(crate) core: Arc<Core>,
    pub(crate) confirmation: Confirmation,
}

impl EmailVerifications {
    /// Verifies the address that the token was mailed to.
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) for an unknown, used or expired token, or if the
    /// user no longer has this address; [`RateLimited`](ErrorKind::RateLimited);
    /// [`Overloaded`](ErrorKind::Overloaded).
    pub async fn verify(&self, token: &OneTimeToken, client: &ClientInfo) -> Result<()> {
        self.admit(client).await?;
        let (digest, now) = (TokenDigest::of(token.expose()), self.core.clock.now());
        let event = Event::new(EventKind::EmailVerified, now, client);
        let user = self
            .core
            .store
            .verify_email(&digest, now, &event)
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        self.core.trail.publish(&event.of(user));
        Ok(())
    }

    /// Emails a new link if the address has an active account and is not verified. The call takes
    /// the same time in every case. Earlier links stay valid until they expire or one of them is
    /// used.
    ///
    /// # Errors
    /// [`RateLimited`](ErrorKind::RateLimited); [`Overloaded`](ErrorKind::Overloaded).
    pub async fn resend(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        let admitted = self
            .core
            .limits
            .admit_quietly(Budget::Verify, email.canonical(), client)
            .await?;
        if !admitted {
            return Ok(());
        }
        let now = self.core.clock.now();
        let event = Event::new(EventKind::EmailVerificationRequested, now, client);
        let event = self.core.trail.about(event, email.canonical());
        let mail = self.core.deliveries.letter(
            LetterKind::VerifyEmail,
            Recipient::Holder(email.clone()),
            now,
        );
        self.core.store.enqueue(&[mail], Some(&event)).await?;
        self.core.trail.publish(&event);
        self.core.deliveries.wake();
        Ok(())
    }

    /// Emails a link to the new address, and a notice to the current one. When the caller follows the link, the account
    /// gets the new address. The link from an earlier call becomes invalid. No link is mailed to an address that
    /// already has an account.
    ///
    /// For an account without a password, omit `current`; a recent sign-in is required instead.
    ///
    /// # Errors
    /// * [`InvalidCredentials`](ErrorKind::InvalidCredentials) if `current` is wrong, or the account has no password;
    /// * [`ValidationFailed`](ErrorKind::ValidationFailed) for `current_password` if it is missing
    ///   or too long;
    /// * [`ReauthenticationRequired`](ErrorKind::ReauthenticationRequired) for an account without a password, if the
    ///   sign-in is not recent;
    /// * [`StepUpRequired`](ErrorKind::StepUpRequired) if the user has a second factor that was not presented recently;
    /// * [`InvalidAccessToken`](ErrorKind::InvalidAccessToken) if the session ended during the check;
    /// * [`Unavailable`](ErrorKind::Unavailable) if the account changed during three password checks in a row;
    /// * [`TooManyAttempts`](ErrorKind::TooManyAttempts), [`RateLimited`](ErrorKind::RateLimited) or
    ///   [`Overloaded`](ErrorKind::Overloaded).
    pub async fn request_change(
        &self,
        caller: &ActiveUser,
        new: &EmailAddress,
        current: Option<&Password>,
        client: &ClientInfo,
    ) -> Result<()> {
        caller.require_step_up_if_enrolled(self.core.clock.now())?;
        for _ in 0..CHECKS {
            let checked = self
                .confirmation
                .password_or_recent(caller, "current_password", current, client)
                .await?;
            let now = self.core.clock.now();
            let event = Event::new(EventKind::EmailChangeRequested, now, client)
                .of(caller.user.id)
                .by(caller.user.id)
                .with("session_id", caller.session_id.to_string());
            let (token, mails) = self
                .core
                .deliveries
                .email_change(&checked, new, now, client);
            let requested = self
                .core
                .store
                .request_email_change(&checked, &token, &event, &mails)
                .await?;
            if requested == Checked::Done {
                self.core.trail.publish(&event);
                self.core.deliveries.wake();
                return Ok(());
            }
            self.core.ensure_live(caller).await?;
        }
        Err(overtaken())
    }

    /// Changes the user's address to the one that the token was mailed to, and marks it as verified. All of the user's
    /// sessions end, and a notice is sent to the previous address.
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) for an unknown, used, superseded or expired token, or if another
    /// account now has the address; [`RateLimited`](ErrorKind::RateLimited); [`Overloaded`](ErrorKind::Overloaded).
    pub async fn confirm_change(&self, token: &OneTimeToken, client: &ClientInfo) -> Result<()> {
        self.admit(client).await?;
        let (digest, now) = (TokenDigest::of(token.expose()), self.core.clock.now());
        let event = Event::new(EventKind::EmailChanged, now, client);
        // The notice goes to the old address. It cannot be switched off, because it is the last
        // email to that address.
        let mail = Intent::notice(LetterKind::EmailChanged, Recipient::UserOfFact, now, client);
        let user = self
            .core
            .store
            .confirm_email_change(&digest, now, &event, Some(&mail))
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        self.core.trail.publish(&event.of(user));
        self.core.deliveries.wake();
        Ok(())
    }

    async fn admit(&self, client: &ClientInfo) -> Result<()> {
        self.core.limits.admit(Budget::Verify, None, client).await
    }
}
