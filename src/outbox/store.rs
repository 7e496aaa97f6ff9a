use async_trait::async_trait;

use super::{ClaimedIntent, Intent, IntentId};
use crate::{clock::Timestamp, error::StoreError, event::Event};

/// Keeps the mails to be sent. Part of [`Store`](crate::store::Store).
///
/// Most intents are written by the methods that change something: each takes the intent of its fact, and writes it with
/// the fact or not at all. Where such an intent is for the user of the fact, the store fills that user in.
#[async_trait]
pub trait OutboxStore: std::fmt::Debug + Send + Sync {
    /// Adds intents that are due at once.
    ///
    /// # Contract
    /// One statement. When this has returned, the mails outlive a kill (I5). The event is written with them; where it
    /// has no user, it is about the one who has the address of the first intent, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    async fn enqueue(&self, intents: &[Intent], event: Option<&Event>) -> Result<(), StoreError>;

    /// Leases up to `limit` intents that are due at `now`, the longest due first, until `lease_until`.
    ///
    /// # Contract
    /// An intent is leased to one caller at a time; whoever loses its lease (a kill) loses it to the next claim. No
    /// lock or connection is held after the call.
    ///
    /// # Errors
    /// If the database fails.
    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedIntent>, StoreError>;

    /// Removes an intent that is done with.
    ///
    /// # Contract
    /// Does nothing if the lease named by `attempt` was lost to another worker.
    ///
    /// # Errors
    /// If the database fails.
    async fn complete(&self, id: IntentId, attempt: i32) -> Result<(), StoreError>;

    /// Gives a leased intent back, to be due again at `due_at`; `error` says why, for an operator.
    ///
    /// # Contract
    /// Does nothing if the lease named by `attempt` was lost to another worker.
    ///
    /// # Errors
    /// If the database fails.
    async fn postpone(
        &self,
        id: IntentId,
        attempt: i32,
        due_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError>;
}
