use std::{sync::Arc, time::Duration};

use super::{FailedCheck, FailureReason};
use crate::{
    clock::Clock,
    error::Result,
    event::{ClientInfo, Event, EventKind},
    mail::{Intent, LetterKind, Recipient},
    store::Store,
    trail::Trail,
};

/// Writes failed checks down, and tells owners when their sign-in begins to be locked.
#[derive(Clone, Debug)]
pub(crate) struct Failures {
    pub(crate) trail: Trail,
    /// For how long the link that unlocks works; `None` if no letter is to be sent.
    pub(crate) unlock_lifetime: Option<Duration>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Failures {
    /// Writes down that a check of the password of this canonical address failed. The same statement for an address
    /// with an account and for one without.
    pub(crate) async fn record(
        &self,
        store: &dyn Store,
        event: Event,
        failed: &FailedCheck,
        recipient: Recipient,
    ) -> Result<()> {
        let letter = self.unlock_lifetime.filter(|_| failed.is_notified);
        let Some(lifetime) = letter else {
            return Ok(self.trail.record(store, &event).await?);
        };
        let letter = Intent::new(
            LetterKind::AccountLocked,
            recipient,
            event.created_at,
            lifetime,
        );
        store.enqueue(&[letter], Some(&event)).await?;
        self.trail.publish(&event);
        Ok(())
    }

    /// The event of a failed check: of this kind, or that it was not made at all.
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
            Event::new(kind, client, self.clock.now()).with("reason", failed.reason.as_str());
        event.user_id = failed.user_id;
        event
    }
}
