//! Which mails are asked for, and for how long they are worth sending.

use super::Deliveries;
use crate::{
    clock::Timestamp,
    error::Result,
    event::{ClientInfo, Event, EventKind},
    mail::{Intent, LetterKind, Recipient},
    store::Store,
    token::{CheckedSession, NewOneTimeToken, Purpose},
    user::{EmailAddress, UserId},
};

impl Deliveries {
    /// The letter with the link that shows that the address is the user's.
    pub(crate) fn verification(&self, recipient: Recipient, now: Timestamp) -> Intent {
        let lifetime = self.0.parts.lifetimes.verify;
        Intent::new(LetterKind::VerifyEmail, recipient, now, lifetime)
    }

    /// The same, for the account with this address, if there is one to be verified.
    pub(crate) fn verification_of(&self, email: &EmailAddress, now: Timestamp) -> Intent {
        self.verification(Recipient::Holder(email.clone()), now)
    }

    /// The letter to another address, with the link that makes it the user's, and the notice to the one they have;
    /// and the token of that link.
    pub(crate) fn email_change(
        &self,
        checked: &CheckedSession,
        new: &EmailAddress,
        client: &ClientInfo,
        now: Timestamp,
    ) -> (NewOneTimeToken, [Intent; 2]) {
        let user = checked.user_id;
        let recipient = Recipient::NewAddress(user, new.clone());
        let lifetime = self.0.parts.lifetimes.verify;
        let letter = Intent::new(LetterKind::ConfirmEmailChange, recipient, now, lifetime);
        let version = checked.credential_version;
        let token = self.token_of(&letter, user, new, version, Purpose::ConfirmEmailChange);
        let recipient = Recipient::User(user);
        let notice = Intent::notice(LetterKind::EmailChangeRequested, recipient, client, now);
        (token, [letter, notice.with("new_email", new.as_str())])
    }

    /// The letter to the old address that says that there is another one. It cannot be switched off: it is the last that
    /// the address hears.
    pub(crate) fn email_changed(client: &ClientInfo, now: Timestamp) -> Intent {
        Intent::notice(LetterKind::EmailChanged, Recipient::UserOfFact, client, now)
    }

    /// The letter with the link that sets a password.
    pub(crate) fn reset(&self, recipient: Recipient, now: Timestamp) -> Intent {
        let lifetime = self.0.parts.lifetimes.reset;
        Intent::new(LetterKind::ResetPassword, recipient, now, lifetime)
    }

    /// The letter that says that the password was changed, if it is to be sent.
    pub(crate) fn password_changed(
        &self,
        recipient: Recipient,
        client: &ClientInfo,
        now: Timestamp,
    ) -> Option<Intent> {
        let notice = || Intent::notice(LetterKind::PasswordChanged, recipient, client, now);
        self.0.parts.notices.password_changed.then(notice)
    }

    /// The letter that says that signing in with a provider was linked, if it is to be sent.
    #[cfg(feature = "oauth")]
    pub(crate) fn identity_linked(&self, client: &ClientInfo, now: Timestamp) -> Option<Intent> {
        let recipient = Recipient::UserOfFact;
        let notice = || Intent::notice(LetterKind::IdentityLinked, recipient, client, now);
        self.0.parts.notices.identity_linked.then(notice)
    }

    /// The letter that says that there was a sign-in on a device that was not seen before, if it is to be sent.
    pub(crate) fn new_sign_in(
        &self,
        user: UserId,
        client: &ClientInfo,
        now: Timestamp,
    ) -> Option<Intent> {
        let recipient = Recipient::User(user);
        let notice = || Intent::notice(LetterKind::NewSignIn, recipient, client, now);
        self.0.parts.notices.new_sign_in.then(notice)
    }

    /// Orders the mail with the link that sets a new password, for the account with this address, if there is one.
    ///
    /// When this has returned the order outlives a kill, if `store` is no open transaction. The event is to be told
    /// once it is there to stay, and the worker to be woken.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn request_reset(
        &self,
        store: &dyn Store,
        email: &EmailAddress,
        client: &ClientInfo,
    ) -> Result<Event> {
        let now = self.0.parts.clock.now();
        let intent = self.reset(Recipient::Holder(email.clone()), now);
        let event = Event::new(EventKind::PasswordResetRequested, client, now);
        let event = self.0.parts.trail.about(event, email.canonical());
        store.enqueue(&[intent], Some(&event)).await?;
        Ok(event)
    }
}
