//! Recording failed password checks and lockouts.

use std::sync::Arc;

use super::{FailedCheck, FailureReason};
use crate::{
    core::Core,
    error::Result,
    event::{ClientInfo, Event, EventKind},
    mail::{LetterKind, Recipient},
    user::EmailAddress,
};

/// Records failed checks, and notifies owners when a lockout begins.
#[derive(Clone, Debug)]
pub(crate) struct Failures {
    pub(crate) core: Arc<Core>,
}

impl Failures {
    /// Records a failed password check for this canonical address. The same statement runs whether or not the address
    /// has an account.
    pub(crate) async fn record(
        &self,
        event: Event,
        failed: &FailedCheck,
        recipient: Recipient,
    ) -> Result<()> {
        let (core, letter) = (&self.core, LetterKind::AccountLocked);
        if !failed.is_notified || !core.deliveries.sends(letter) {
            return Ok(core.trail.record(&event).await?);
        }
        let mail = core.deliveries.letter(letter, recipient, event.created_at);
        core.store.enqueue(&[mail], Some(&event)).await?;
        core.trail.publish(&event);
        core.deliveries.wake();
        Ok(())
    }

    /// Records a failed sign-in with this address.
    pub(crate) async fn record_sign_in(
        &self,
        email: &EmailAddress,
        failed: &FailedCheck,
        client: &ClientInfo,
    ) -> Result<()> {
        let event = self.event(EventKind::SignInFailed, failed, client);
        let event = self.core.trail.about(event, email.canonical());
        let recipient = Recipient::Holder(email.clone());
        self.record(event, failed, recipient).await
    }

    /// The event for a failed check. Its kind is `kind`, or `SignInLocked` if a sign-in was refused because of too many
    /// failures.
    pub(crate) fn event(
        &self,
        kind: EventKind,
        failed: &FailedCheck,
        client: &ClientInfo,
    ) -> Event {
        let kind = match failed.reason {
            FailureReason::TooManyAttempts { .. } if kind == EventKind::SignInFailed => {
                EventKind::SignInLocked
            }
            _ => kind,
        };
        let mut event =
            Event::new(kind, self.core.clock.now(), client).with("reason", failed.reason.as_str());
        event.user_id = failed.user_id;
        event
    }
}
