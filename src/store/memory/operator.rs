//! Figures for operators, in memory.

use std::cmp::Reverse;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{EventId, EventKind},
    mail::MailStatus,
    store::{DayFigures, FIGURE_DAYS, Figures, OperatorStore, StoreCondition},
    user::UserStatus,
};

/// The maximum number of keys in a store condition.
const MAX_KEYS: usize = 100;

#[async_trait]
impl OperatorStore for MemoryStore {
    async fn figures(&self, days: &[EventId; FIGURE_DAYS + 1]) -> Result<Figures, StoreError> {
        let state = self.state();
        let users = || state.users.values().map(|row| &row.user);
        let mails = |status| {
            state
                .outbox
                .values()
                .filter(move |row| row.status == status)
        };
        let mut figures = Figures {
            users: count(users()),
            administrators: count(users().filter(|user| user.is_administrator())),
            disabled: count(users().filter(|user| user.status == UserStatus::Disabled)),
            pending_mails: count(mails(MailStatus::Pending)),
            dead_mails: count(mails(MailStatus::Dead)),
            days: [DayFigures::default(); FIGURE_DAYS],
        };
        for (day, bounds) in figures.days.iter_mut().zip(days.windows(2)) {
            let [start, end] = bounds else { continue };
            for event in state.events.range(*start..*end).map(|(_, event)| event) {
                match event.kind {
                    EventKind::SignedIn => day.signed_in += 1,
                    EventKind::FactorFailed | EventKind::SignInFailed => day.failed += 1,
                    EventKind::SignInLocked => day.locked += 1,
                    _ => {}
                }
            }
        }
        Ok(figures)
    }

    async fn note_keys(&self, ids: &[String], now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        for id in ids {
            state.signing_keys.entry(id.clone()).or_insert(now);
        }
        Ok(())
    }

    async fn condition(&self) -> Result<StoreCondition, StoreError> {
        let state = self.state();
        let mails = |status| {
            state
                .outbox
                .values()
                .filter(move |row| row.status == status)
        };
        let pending = mails(MailStatus::Pending).map(|row| row.intent.created_at);
        let keys = state.signing_keys.iter();
        let mut keys: Vec<_> = keys.map(|(id, at)| (id.clone(), *at)).collect();
        keys.sort_by_key(|(_, at)| Reverse(*at));
        keys.truncate(MAX_KEYS);
        Ok(StoreCondition {
            keys,
            pending_mails: count(mails(MailStatus::Pending)),
            oldest_pending: pending.min(),
            dead_mails: count(mails(MailStatus::Dead)),
            migration: None,
        })
    }
}

fn count<T>(rows: impl Iterator<Item = T>) -> u64 {
    rows.count().try_into().unwrap_or(u64::MAX)
}
