//! The warning that mails wait and no process sends them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, time};

use super::Deliveries;
use crate::outbox::{IntentId, MailStatus};

/// A worker claims a mail within a second or two, on any instance.
const PATIENCE: Duration = Duration::from_secs(60);
const SILENCE: Duration = Duration::from_secs(60 * 60);

/// Whether this process sends mails, and whether it looks for ones that nobody sends.
#[derive(Debug, Default)]
pub(super) struct Watch {
    sends: AtomicBool,
    is_looking: AtomicBool,
}

impl Watch {
    /// Mails are sent here.
    pub(super) fn sends(&self) {
        self.sends.store(true, Ordering::Relaxed);
    }

    /// Whether a look is due: nothing is sent here, and nobody looks.
    fn begins(&self) -> bool {
        !self.sends.load(Ordering::Relaxed) && !self.is_looking.swap(true, Ordering::Relaxed)
    }
}

impl Deliveries {
    /// A mail was ordered: a minute later it is to be on its way. Warns once an hour at most.
    pub(super) fn watch(&self) {
        if !self.0.watch.begins() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        // The watch does not keep the service alive.
        let deliveries = Arc::downgrade(&self.0);
        runtime.spawn(async move {
            time::sleep(PATIENCE).await;
            let Some(inner) = deliveries.upgrade() else {
                return;
            };
            if Self(inner).has_unsent().await {
                tracing::warn!(
                    "mails wait in the outbox and no process sends them: call Auth::spawn, or Auth::run_mail in a \
                     process of yours"
                );
                time::sleep(SILENCE).await;
            }
            if let Some(inner) = deliveries.upgrade() {
                inner.watch.is_looking.store(false, Ordering::Relaxed);
            }
        });
    }

    /// Whether a mail has waited a minute without being claimed.
    async fn has_unsent(&self) -> bool {
        if self.0.watch.sends.load(Ordering::Relaxed) {
            return false;
        }
        let parts = &self.0.parts;
        let before = IntentId::new(parts.clock.now() - PATIENCE);
        let pending = Some(MailStatus::Pending);
        let waiting = parts.store.list_mail(pending, Some(before), 1).await;
        // A database that is away is reported by those who need it.
        waiting.is_ok_and(|mails| mails.iter().any(|mail| mail.attempts == 0))
    }
}
