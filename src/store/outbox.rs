//! The store trait for the outbox.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::{Admission, Claims, Intent, IntentId, Ordered},
};

/// Keeps emails until they are sent. This trait is part of [`Store`](crate::store::Store).
///
/// Most intents are written by the methods that change something. Each of these methods takes an
/// intent, and writes the intent and the change together or not at all. If such an intent is for
/// the user whom the change affects, the store fills in that user.
///
/// With each intent for a user, the store keeps the address and the `credential_version` that the user has when the
/// intent is written; see [`Ordered`]. If the change sets a new address, the store keeps the previous address.
#[async_trait]
pub trait OutboxStore: std::fmt::Debug + Send + Sync {
    /// Adds intents that are due immediately.
    ///
    /// # Contract
    /// The call runs one statement. Once it has returned, the emails are not lost if the process is
    /// killed (I5). The event is written together with them. If the event has no user, the store
    /// fills in the user who has the address of the first intent, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    async fn enqueue(&self, intents: &[Intent], event: Option<&Event>) -> Result<(), StoreError>;

    /// Leases up to `limit` pending intents until `lease_until`. Only intents that are due at `now` are leased,
    /// starting with the intent that has been due longest.
    ///
    /// # Contract
    /// An intent is leased to one caller at a time. If the lease expires, for example because the process was killed,
    /// the next claim takes the intent. No lock or connection is held after the call. The cost of a call does not
    /// depend on how many intents are dead or due later.
    ///
    /// Setting the clock back delays no email: an intent also counts as due if it was added,
    /// postponed or leased at a time more than half a minute after `now`. Rows that cannot be read
    /// are leased as well.
    ///
    /// # Errors
    /// If the database fails.
    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Claims, StoreError>;

    /// Stores the account that a leased intent was requested for, if the account was not known yet, and returns whether
    /// the lease is still held.
    ///
    /// # Contract
    /// An account that is already stored stays unchanged. If the lease identified by `attempt` was
    /// lost, nothing is written and `false` is returned.
    ///
    /// # Errors
    /// If the database fails.
    async fn keep_order(
        &self,
        id: IntentId,
        attempt: i32,
        ordered: &Ordered,
    ) -> Result<bool, StoreError>;

    /// Removes a completed intent.
    ///
    /// # Contract
    /// The call does nothing if the lease identified by `attempt` was lost to another worker.
    ///
    /// # Errors
    /// If the database fails.
    async fn complete(&self, id: IntentId, attempt: i32) -> Result<(), StoreError>;

    /// Ends an intent's lease at `now`, so that the intent is due again at `due_at`; `error` is the
    /// reason that the operator sees.
    ///
    /// # Contract
    /// The call does nothing if the lease identified by `attempt` was lost to another worker.
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

    /// Makes up to `limit` pending intents due at `now`, and returns their number. The call affects
    /// only intents that would otherwise be due after `beyond` and were requested at `asked_from`
    /// or later, and starts with those that are due soonest.
    ///
    /// # Contract
    /// An intent whose lease expires at `beyond` or earlier stays unchanged.
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

    /// Marks a leased intent dead, so that it is never claimed again; `error` is the reason that
    /// the operator sees.
    ///
    /// # Contract
    /// The call does nothing if the lease identified by `attempt` was lost to another worker.
    ///
    /// # Errors
    /// If the database fails.
    async fn mark_dead(&self, id: IntentId, attempt: i32, error: &str) -> Result<(), StoreError>;

    /// Counts a leased intent against its budget, and returns whether the budget had room.
    ///
    /// # Contract
    /// The call is atomic: either the intent is permanently admitted and the budget records the
    /// email, or nothing changes. However many calls with the same key run concurrently, on however many instances, the
    /// store admits no more of them than the [`Admission`] allows. If the lease
    /// identified by `attempt` was lost, the call returns `false` and changes nothing.
    ///
    /// # Errors
    /// If the database fails.
    async fn admit(
        &self,
        id: IntentId,
        attempt: i32,
        admission: &Admission,
    ) -> Result<bool, StoreError>;

    /// Removes dead intents that were requested before `dead_before`, and budget records that are older than
    /// `budget_before`.
    ///
    /// # Errors
    /// If the database fails.
    async fn purge_mail(
        &self,
        dead_before: Timestamp,
        budget_before: Timestamp,
    ) -> Result<(), StoreError>;
}
