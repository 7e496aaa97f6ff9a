//! Detects outages of the mailer, as far as one process can.
//!
//! After an outage, delayed emails are sent soon, instead of after a back-off that grew during the
//! outage.

use std::{
    error::Error as StdError,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;

use super::{Deliveries, setback::SetbackKind, worker::LEASE};
use crate::{clock::Timestamp, error::Result, outbox::SKEW};

/// A shorter series of failures does not count as an outage.
const SHORTEST: TimeDelta = TimeDelta::seconds(10);
const FIRST_PROBE: TimeDelta = TimeDelta::seconds(15);
/// The maximum pause between two attempts to test the mailer.
const LAST_PROBE: TimeDelta = TimeDelta::minutes(5);
/// An outage may also have delayed emails that were requested up to this long before the mailer's last answer.
const SLACK: TimeDelta = TimeDelta::minutes(1);
const BATCH: u32 = 500;

#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Every email has failed since this time.
    since: Option<Timestamp>,
    /// When the mailer last accepted or refused an email.
    answered_at: Option<Timestamp>,
    /// When an email was last tried.
    tried_at: Option<Timestamp>,
}

impl Outage {
    /// Assumes an outage, because an outage before the start of this process may have delayed the waiting emails.
    pub(super) fn suspect(&self, now: Timestamp) {
        self.state().since.get_or_insert(now - SHORTEST);
    }

    fn failed(&self, now: Timestamp) {
        let mut state = self.state();
        state.since.get_or_insert(now);
        state.tried_at = Some(now);
    }

    /// Records that the mailer has answered. If this ends an outage, returns the earliest request time of the
    /// emails that the outage may have delayed.
    fn answered(&self, now: Timestamp) -> Option<Timestamp> {
        let mut state = self.state();
        let before = state.answered_at.replace(now);
        let since = state.since.take()?;
        let is_outage = (now - since).abs() >= SHORTEST;
        let asked_from = before.map_or(Timestamp::UNIX_EPOCH, |before| before - SLACK);
        is_outage.then_some(asked_from)
    }

    /// Whether to try a waiting email now. If so, this method also records the attempt.
    fn begins_probe(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        let Some(since) = state.since else {
            return false;
        };
        let pause = ((now - since).abs() / 8).clamp(FIRST_PROBE, LAST_PROBE);
        let is_time = state.tried_at.is_none_or(|at| (now - at).abs() >= pause);
        if is_time {
            state.tried_at = Some(now);
        }
        is_time
    }

    /// Stops assuming an outage. Called when no email is waiting.
    fn forget(&self) {
        self.state().since = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deliveries {
    /// Records the result of sending an email. When an outage ends, the emails that it has delayed
    /// become due.
    pub(super) async fn learn(&self, setback: Option<SetbackKind>) {
        let now = self.0.parts.clock.now();
        if setback == Some(SetbackKind::Passing) {
            return self.0.outage.failed(now);
        }
        let Some(asked_from) = self.0.outage.answered(now) else {
            return;
        };
        tracing::info!("the mailer accepts emails again");
        if let Err(error) = self.release(now, asked_from).await {
            let error = &error as &dyn StdError;
            tracing::error!(error, "waiting emails cannot be brought forward");
        }
    }

    async fn release(&self, now: Timestamp, asked_from: Timestamp) -> Result<()> {
        loop {
            let moved = self.bring_forward(now, asked_from, BATCH).await?;
            if moved < BATCH.into() {
                self.wake();
                return Ok(());
            }
        }
    }

    /// Makes one of the waiting emails due if it is time to test the mailer. Returns whether an
    /// email was waiting.
    pub(super) async fn probe(&self) -> Result<bool> {
        let now = self.0.parts.clock.now();
        if !self.0.outage.begins_probe(now) {
            return Ok(false);
        }
        let moved = self.bring_forward(now, Timestamp::UNIX_EPOCH, 1).await?;
        if moved == 0 {
            self.0.outage.forget();
        }
        Ok(moved > 0)
    }

    /// Makes emails due now if no instance can have a lease on them, even an instance whose clock is wrong. Returns how
    /// many.
    async fn bring_forward(
        &self,
        now: Timestamp,
        asked_from: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        let beyond = now + LEASE + SKEW;
        let store = &self.0.parts.store;
        Ok(store.bring_forward(now, beyond, asked_from, limit).await?)
    }
}

#[cfg(test)]
mod tests;
