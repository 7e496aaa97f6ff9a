//! The store trait for the purge.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::EventId,
    factor::DeviceId,
    limit::LimitKey,
    secret::TokenDigest,
    token::{ChallengeId, SessionId},
};

/// Deletes expired data. Part of [`Store`](crate::store::Store).
///
/// Each method reads one small batch of rows, in the order of their key, and returns the start of the next batch. No
/// statement reads more than `limit` rows, however many there are, and no lock outlives a statement. Any number of
/// callers may purge at the same time, because each call skips the rows that another caller has
/// locked.
#[async_trait]
pub trait PurgeStore: std::fmt::Debug + Send + Sync {
    /// Deletes the sessions of one batch that ended at `before` or earlier, by revocation or expiry.
    ///
    /// # Contract
    /// At the moment of deletion, each session is checked again, so that a session refreshed after
    /// it was read is kept. `after` is the `next` of the previous batch.
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
    /// A used token stays until it expires, because its email may be sent a second time, and
    /// [`issue_one_time`](super::OneTimeTokenStore::issue_one_time) must then find that the token was used. If a newer
    /// token has replaced an expired token, the newer token stays. A token for an address change stays while the
    /// outbox has a letter for an address change of the same user, even a dead letter, because the token shows whether
    /// a newer request has voided that letter.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_one_time(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError>;

    /// Deletes the events of one batch that happened before `before`, according to the millisecond in their id. The
    /// oldest events have the lowest ids, so no later events are read.
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
    /// A counter that is charged after it was read stays.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_limits(
        &self,
        before: Timestamp,
        after: Option<LimitKey>,
        limit: u32,
    ) -> Result<PurgeBatch<LimitKey>, StoreError>;

    /// Deletes the [flows](super::FlowStore) of one batch that expired at `before` or earlier, if their codes have
    /// expired too. The key of a flow is the digest of its state.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_flows(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError>;

    /// Deletes the [challenges](super::ChallengeStore) of one batch that expired at `before` or earlier.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_challenges(
        &self,
        before: Timestamp,
        after: Option<ChallengeId>,
        limit: u32,
    ) -> Result<PurgeBatch<ChallengeId>, StoreError>;

    /// Deletes the [remembered devices](super::DeviceStore) of one batch that expired at `before` or earlier.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_devices(
        &self,
        before: Timestamp,
        after: Option<DeviceId>,
        limit: u32,
    ) -> Result<PurgeBatch<DeviceId>, StoreError>;
}

/// The outcome of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct PurgeBatch<P> {
    /// How many rows were deleted.
    pub deleted: u64,
    /// The last row that was read; the next batch begins after it. `None` if there are no more rows.
    pub next: Option<P>,
}
