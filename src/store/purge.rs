//! The store trait for the purge.

use async_trait::async_trait;

use crate::{
    clock::Timestamp, error::StoreError, event::EventId, limit::LimitKey, secret::TokenDigest,
    token::SessionId,
};

/// Deletes expired data. Part of [`Store`](crate::store::Store).
///
/// Each method looks at one small batch of rows, in the order of their key, and gives the place where the next one
/// begins: however many rows there are, no statement looks at more than `limit`, and no lock outlives a statement. Any
/// number of callers may purge at once: a row that another holds is passed over.
#[async_trait]
pub trait PurgeStore: std::fmt::Debug + Send + Sync {
    /// Deletes the sessions of one batch that ended at `before` or earlier: revoked, or one of their expiries reached.
    ///
    /// # Contract
    /// The end of a session is checked again at the moment of its deletion: one that is refreshed in between stays.
    /// `after` is the `next` of the batch before.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_sessions(
        &self,
        before: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<PurgeBatch<SessionId>, StoreError>;

    /// Deletes the one-time tokens of one batch that expired at `before` or earlier.
    ///
    /// # Contract
    /// A used token stays until it expires: its mail may be on its way a second time, and
    /// [`issue_one_time`](super::OneTimeTokenStore::issue_one_time) must know it. A newer token that takes the place of
    /// an expired one stays. So does one that changes an address, while a letter that changes an address of the
    /// same user is in the outbox, be it a dead one: it says whether a newer request has voided that letter.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_one_time(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError>;

    /// Deletes the events of one batch that were made before `before`, by the millisecond in their id: the oldest are
    /// the first by key, and no other is looked at.
    ///
    /// # Contract
    /// No later event is deleted.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_events(
        &self,
        before: Timestamp,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<PurgeBatch<EventId>, StoreError>;

    /// Deletes the [counters](super::Limiter) of one batch that expired at `before` or earlier.
    ///
    /// # Contract
    /// One that is charged in between stays.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_limits(
        &self,
        before: Timestamp,
        after: Option<LimitKey>,
        limit: u32,
    ) -> Result<PurgeBatch<LimitKey>, StoreError>;

    /// Deletes the [flows](super::FlowStore) of one batch, by the digest of their state, that expired at
    /// `before` or earlier, and whose codes did.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_flows(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError>;
}

/// The outcome of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct PurgeBatch<P> {
    /// How many rows were deleted.
    pub deleted: u64,
    /// The last row looked at: the next batch begins after it. `None` if there are no more.
    pub next: Option<P>,
}
