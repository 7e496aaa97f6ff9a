//! The warning that mails are waiting and no process sends them.

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

/// Whether this process sends mails, and whether a check for unsent mails is running.
#[derive(Debug, Default)]
pub(super) struct Watch {
    sends: AtomicBool,
    is_looking: AtomicBool,
}

impl Watch {
    /// Records that this process sends mails.
    pub(super) fn sends(&self) {
        self.sends.store(true, Ordering::Relaxed);
    }

    /// Whether to start a check: this process sends no mails, and no check is running.
    fn begins(&self) -> bool {
        !self.sends.load(Ordering::Relaxed) && !self.is_looking.swap(true, Ordering::Relaxed)
    }
}

impl Deliveries {
    /// Called when a mail was ordered. If no worker has claimed it a minute later, it warns, at most once an hour.
    pub(super) fn watch(&self) {
        if !self.0.watch.begins() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        // The watch must not keep the service alive.
        let deliveries = Arc::downgrade(&self.0);
        runtime.spawn(async move {
            time::sleep(PATIENCE).await;
            let Some(inner) = deliveries.upgrade() else {
                return;
            };
            if Self(inner).has_unsent().await {
                tracing::warn!(
                    "mails wait in the outbox and no process sends them: call Auth::spawn, or Auth::run_mail in one \
                     of your processes"
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
        // An unreachable database is reported by the code that needs it.
        waiting.is_ok_and(|mails| mails.iter().any(|mail| mail.attempts == 0))
    }
}
