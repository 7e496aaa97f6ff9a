//! The store trait for purging expired data.

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

/// Deletes expired data. This trait is part of [`Store`](crate::store::Store).
///
/// Each method reads one small batch of rows, in key order, and returns the position at which the
/// next batch starts. No statement reads more than `limit` rows, however many there are, and every
/// lock ends with its statement. Any number of callers may purge at the same time, because each
/// call skips the rows that another caller has locked.
#[async_trait]
pub trait PurgeStore: std::fmt::Debug + Send + Sync {
    /// Reads one batch of sessions, and deletes those that were revoked or expired at `before` or earlier.
    ///
    /// # Contract
    /// Each session is checked again when it is deleted, so a session that was refreshed after the
    /// read is kept. `after` is the `next` of the previous batch.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_sessions(
        &self,
        before: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<PurgeBatch<SessionId>, StoreError>;

    /// Reads one batch of one-time tokens, and deletes those that expired at `before` or earlier.
    ///
    /// # Contract
    /// A used token is kept until it expires, because its email may be sent a second time, and
    /// [`issue_one_time`](super::OneTimeTokenStore::issue_one_time) must then find that the token
    /// was used. If a newer token has replaced an expired token, the newer token is kept. A token
    /// for an address change is kept while the outbox contains an email for an address change of
    /// the same user, even a dead one. The token shows whether a newer request has voided that
    /// email.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_one_time(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError>;

    /// Reads one batch of events, and deletes those that happened before `before`, according to the
    /// millisecond in their id. The batch starts at the lowest ids, which belong to the oldest
    /// events, so later events are not read.
    ///
    /// # Contract
    /// No event that happened at `before` or later is deleted.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_events(
        &self,
        before: Timestamp,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<PurgeBatch<EventId>, StoreError>;

    /// Reads one batch of [counters](super::Limiter), and deletes those that expired at `before` or
    /// earlier.
    ///
    /// # Contract
    /// A counter that is charged between the read and the deletion is kept.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_limits(
        &self,
        before: Timestamp,
        after: Option<LimitKey>,
        limit: u32,
    ) -> Result<PurgeBatch<LimitKey>, StoreError>;

    /// Reads one batch of [flows](super::FlowStore), and deletes those that expired at `before` or
    /// earlier, unless their codes expire later. The key of a flow is the digest of its state.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_flows(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError>;

    /// Reads one batch of [challenges](super::ChallengeStore), and deletes those that expired at
    /// `before` or earlier.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_challenges(
        &self,
        before: Timestamp,
        after: Option<ChallengeId>,
        limit: u32,
    ) -> Result<PurgeBatch<ChallengeId>, StoreError>;

    /// Reads one batch of [remembered devices](super::DeviceStore), and deletes those that expired
    /// at `before` or earlier.
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
