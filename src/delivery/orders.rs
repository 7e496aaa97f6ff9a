//! Queues emails, and limits how long each email may still be sent.

use super::Deliveries;
use crate::{
    clock::Timestamp,
    error::Result,
    event::{ClientInfo, Event, EventKind},
    mail::{Intent, LetterKind, Recipient},
    store::Store,
    token::{CheckedSession, NewOneTimeToken, Purpose},
    user::EmailAddress,
};

impl Deliveries {
    /// An email with a link. The purpose of the link determines how long the link is valid.
    pub(crate) fn letter(
        &self,
        letter: LetterKind,
        recipient: Recipient,
        now: Timestamp,
    ) -> Intent {
        let lifetimes = &self.0.parts.lifetimes;
        let lifetime = match letter.purpose() {
            Some(Purpose::ResetPassword) => lifetimes.reset,
            _ => lifetimes.verify,
        };
        Intent::new(letter, recipient, now, lifetime)
    }

    /// A notice about a change, unless the host [has switched it off](crate::mail::Notices).
    pub(crate) fn notice(
        &self,
        letter: LetterKind,
        recipient: Recipient,
        now: Timestamp,
        client: &ClientInfo,
    ) -> Option<Intent> {
        self.sends(letter)
            .then(|| Intent::notice(letter, recipient, now, client))
    }

    /// Whether the host has switched on emails with this template.
    pub(crate) fn sends(&self, letter: LetterKind) -> bool {
        self.0.parts.notices.sends(letter)
    }

    /// The token for the link that confirms the new address, and two emails: one with this link to the new address, and
    /// a notice to the current address.
    pub(crate) fn email_change(
        &self,
        checked: &CheckedSession,
        new: &EmailAddress,
        now: Timestamp,
        client: &ClientInfo,
    ) -> (NewOneTimeToken, [Intent; 2]) {
        let user = checked.user_id;
        let letter = self.letter(
            LetterKind::ConfirmEmailChange,
            Recipient::NewAddress(user, new.clone()),
            now,
        );
        let token = self.token_of(
            &letter,
            user,
            new,
            checked.credential_version,
            Purpose::ConfirmEmailChange,
        );
        let notice = Intent::notice(
            LetterKind::EmailChangeRequested,
            Recipient::User(user),
            now,
            client,
        );
        (token, [letter, notice.with("new_email", new.as_str())])
    }

    /// Queues a password-reset email for the account with this address, if there is one. Once this method has returned,
    /// the email stays queued even if the process is killed. If `store` is an open transaction, this is only true once
    /// the transaction has been committed. The caller then publishes the event and wakes the worker.
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
        let intent = self.letter(
            LetterKind::ResetPassword,
            Recipient::Holder(email.clone()),
            now,
        );
        let event = Event::new(EventKind::PasswordResetRequested, now, client);
        let event = self.0.parts.trail.about(event, email.canonical());
        store.enqueue(&[intent], Some(&event)).await?;
        Ok(event)
    }
}
