use async_trait::async_trait;

use super::{Admission, ClaimedIntent, Intent, IntentId, MailEntry, MailStatus};
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
    /// One statement. When this has returned, the mails outlive a kill (I5). The event is written with them; where it has no
    /// user, it is about the one who has the address of the first intent, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    async fn enqueue(&self, intents: &[Intent], event: Option<&Event>) -> Result<(), StoreError>;

    /// Leases up to `limit` pending intents that are due at `now`, the longest due first, until `lease_until`.
    ///
    /// # Contract
    /// An intent is leased to one caller at a time; whoever loses its lease (a kill) loses it to the next claim. No
    /// lock or connection is held after the call. It costs the same however many are dead, or due later.
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

    /// Gives a leased intent up: it is dead from then on, and not claimed; `error` says why, for an operator.
    ///
    /// # Contract
    /// Does nothing if the lease named by `attempt` was lost to another worker.
    ///
    /// # Errors
    /// If the database fails.
    async fn bury(&self, id: IntentId, attempt: i32, error: &str) -> Result<(), StoreError>;

    /// Takes a leased intent's part of the budget, and says whether there was one left.
    ///
    /// # Contract
    /// One fact: the intent is admitted for good, and the budget remembers it, or neither. Of any number of concurrent
    /// calls with one key, on any number of instances, no more are admitted than the [`Admission`] allows. `false` if
    /// the lease named by `attempt` was lost; nothing is taken then.
    ///
    /// # Errors
    /// If the database fails.
    async fn admit(
        &self,
        id: IntentId,
        attempt: i32,
        admission: &Admission,
    ) -> Result<bool, StoreError>;

    /// The mails in the outbox by descending id, at most `limit`, those below `after` if it is given.
    ///
    /// # Contract
    /// A page costs the same at any depth. Where the address is not in the intent, it is the user's as it is now.
    ///
    /// # Errors
    /// If the database fails.
    async fn list_mail(
        &self,
        status: Option<MailStatus>,
        after: Option<IntentId>,
        limit: u32,
    ) -> Result<Vec<MailEntry>, StoreError>;

    /// Makes a dead intent pending and due at `now`; `false` if there is no such intent.
    ///
    /// # Contract
    /// A pending one is left as it is. What was worth sending for some time is so once more, from `now` on.
    ///
    /// # Errors
    /// If the database fails.
    async fn retry_mail(&self, id: IntentId, now: Timestamp) -> Result<bool, StoreError>;

    /// Removes dead intents asked for before `dead_before`, and what budgets remember from before `budget_before`.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_mail(
        &self,
        dead_before: Timestamp,
        budget_before: Timestamp,
    ) -> Result<(), StoreError>;
}
