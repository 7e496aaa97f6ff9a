//! The warning that emails are waiting and no process sends them.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use chrono::TimeDelta;
use tokio::runtime::Handle;

use super::Deliveries;
use crate::{
    clock::Timestamp,
    outbox::{IntentId, MailStatus},
};

/// How long an email must be unclaimed before a warning is logged; far longer than a worker on any instance takes to
/// claim an email.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);
const SILENCE: TimeDelta = TimeDelta::hours(1);

/// Whether this process sends emails, and when it next looks for emails that no process sends.
#[derive(Debug, Default)]
pub(super) struct Watch {
    sends: AtomicBool,
    /// `None` until the first email is queued.
    next_look: Mutex<Option<Timestamp>>,
}

impl Watch {
    /// Records that this process sends emails.
    pub(super) fn sends(&self) {
        self.sends.store(true, Ordering::Relaxed);
    }

    /// Whether it is time to look for unsent emails. For the first queued email, this only starts the wait.
    fn is_due(&self, now: Timestamp) -> bool {
        if self.sends.load(Ordering::Relaxed) {
            return false;
        }
        let mut next = self.lock();
        let is_due = next.is_some_and(|next| now >= next);
        if is_due || next.is_none() {
            *next = Some(now + PATIENCE);
        }
        is_due
    }

    fn stay_silent(&self, now: Timestamp) {
        *self.lock() = Some(now + SILENCE);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        self.next_look
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deliveries {
    /// Warns, at most once an hour, if an email was queued more than a minute ago and no process has claimed it. Called
    /// whenever an email is queued, so that no timer is needed in a process that sends no emails.
    pub(super) fn watch(&self) {
        let now = self.0.parts.clock.now();
        if !self.0.watch.is_due(now) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let deliveries = self.clone();
        runtime.spawn(async move {
            if deliveries.has_unsent(now).await {
                deliveries.0.watch.stay_silent(now);
                tracing::warn!(
                    "emails have waited in the outbox for more than a minute, and no process has claimed them: does a \
                     process run Auth::spawn or Auth::run_mail, and does it keep up?"
                );
            }
        });
    }

    async fn has_unsent(&self, now: Timestamp) -> bool {
        let before = Some(IntentId::new(now - PATIENCE));
        let waiting = self
            .0
            .parts
            .store
            .list_mail(Some(MailStatus::Pending), before, 1)
            .await;
        // An unreachable database is not reported here, because the calls that need it report it.
        waiting.is_ok_and(|mails| mails.iter().any(|mail| mail.attempts == 0))
    }
}
