//! The store trait for the outbox.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::{Admission, Claims, Intent, IntentId, Ordered},
};

/// Keeps the mails to be sent. Part of [`Store`](crate::store::Store).
///
/// Most intents are written by the methods that change something: each takes the intent of its fact, and writes it with
/// the fact or not at all. Where such an intent is for the user of the fact, the store fills that user in.
///
/// With each intent for a user the store keeps the address and the `credential_version` that the user has at the fact,
/// see [`Ordered`]; where the fact changes the address, the one before.
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

    /// Leases up to `limit` pending intents that are due at `now`, the longest due first, until `lease_until`.
    ///
    /// # Contract
    /// An intent is leased to one caller at a time; a caller that loses its lease (a kill) loses it to the next claim.
    /// No lock or connection is held after the call. It costs the same however many are dead, or due later.
    ///
    /// A clock that went back keeps nothing waiting: an intent that was added, put off or leased more than half a
    /// minute after `now` is due. Unreadable rows are leased like the rest.
    ///
    /// # Errors
    /// If the database fails.
    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Claims, StoreError>;

    /// Keeps what a leased intent was ordered for, where that was not known; says whether the lease is still held.
    ///
    /// # Contract
    /// A known order stays as it is. Nothing is written, and `false` returned, if the lease named by `attempt` was
    /// lost.
    ///
    /// # Errors
    /// If the database fails.
    async fn keep_order(
        &self,
        id: IntentId,
        attempt: i32,
        ordered: &Ordered,
    ) -> Result<bool, StoreError>;

    /// Removes an intent that is done with.
    ///
    /// # Contract
    /// Does nothing if the lease named by `attempt` was lost to another worker.
    ///
    /// # Errors
    /// If the database fails.
    async fn complete(&self, id: IntentId, attempt: i32) -> Result<(), StoreError>;

    /// Gives a leased intent back at `now`, to be due again at `due_at`; `error` says why, for an operator.
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
        now: Timestamp,
        due_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError>;

    /// Makes up to `limit` pending intents due at `now` that would be due after `beyond`, the soonest first, of those
    /// that were asked for at `asked_from` or later. Returns how many.
    ///
    /// # Contract
    /// With a `beyond` that no lease reaches, what is leased is left alone.
    ///
    /// # Errors
    /// If the database fails.
    async fn bring_forward(
        &self,
        now: Timestamp,
        beyond: Timestamp,
        asked_from: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// Gives a leased intent up: it is dead from then on, and not claimed; `error` says why, for an operator.
    ///
    /// # Contract
    /// Does nothing if the lease named by `attempt` was lost to another worker.
    ///
    /// # Errors
    /// If the database fails.
    async fn mark_dead(&self, id: IntentId, attempt: i32, error: &str) -> Result<(), StoreError>;

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
