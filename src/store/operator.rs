//! The store trait for the figures that operators watch.

use async_trait::async_trait;

use crate::{clock::Timestamp, error::StoreError, event::EventId};

/// The number of days in [`Figures`].
pub const FIGURE_DAYS: usize = 14;

/// Counts users, events and emails for operators. This trait is part of [`Store`](crate::store::Store).
#[async_trait]
pub trait OperatorStore: std::fmt::Debug + Send + Sync {
    /// Counts users, emails and the sign-ins on each day. A day begins with the event identifier in `days`, and ends
    /// before the next one.
    ///
    /// # Contract
    /// The call runs one query. Its cost is proportional to the number of users, and to the number of sign-ins in
    /// these days; it does not depend on older events.
    ///
    /// # Errors
    /// If the database fails.
    async fn figures(&self, days: &[EventId; FIGURE_DAYS + 1]) -> Result<Figures, StoreError>;

    /// Records that these keys are in use from now on, unless an earlier time is already stored for a key.
    ///
    /// # Errors
    /// If the database fails.
    async fn note_keys(&self, ids: &[String], now: Timestamp) -> Result<(), StoreError>;

    /// Reads the state of the outbox, the keys and the schema.
    ///
    /// # Contract
    /// The call runs one query.
    ///
    /// # Errors
    /// If the database fails.
    async fn condition(&self) -> Result<StoreCondition, StoreError>;
}

/// Counts of users, sign-ins and emails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Figures {
    /// All users.
    pub users: u64,
    /// The active administrators.
    pub administrators: u64,
    /// The users whose account is disabled.
    pub disabled: u64,
    /// The emails that will still be sent.
    pub pending_mails: u64,
    /// The emails that are marked dead.
    pub dead_mails: u64,
    /// The sign-ins on each day, the oldest day first.
    pub days: [DayFigures; FIGURE_DAYS],
}

/// The sign-ins on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct DayFigures {
    /// [`SignedIn`](crate::event::EventKind::SignedIn).
    pub signed_in: u64,
    /// [`SignInFailed`](crate::event::EventKind::SignInFailed) and
    /// [`FactorFailed`](crate::event::EventKind::FactorFailed).
    pub failed: u64,
    /// [`SignInLocked`](crate::event::EventKind::SignInLocked).
    pub locked: u64,
}

/// The state of the outbox, the keys and the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct StoreCondition {
    /// The emails that will still be sent.
    pub pending_mails: u64,
    /// When the oldest of them was requested.
    pub oldest_pending: Option<Timestamp>,
    /// The emails that are marked dead.
    pub dead_mails: u64,
    /// The keys that were [noted](OperatorStore::note_keys), at most 100, the newest first, each with the time from
    /// which it has been used.
    pub keys: Vec<(String, Timestamp)>,
    /// The newest migration; `None` if the store has no schema.
    pub migration: Option<AppliedMigration>,
}

/// A migration that was applied to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct AppliedMigration {
    /// The name.
    pub name: String,
    /// When it was applied.
    pub applied_at: Timestamp,
}
