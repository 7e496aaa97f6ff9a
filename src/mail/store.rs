use async_trait::async_trait;

use super::LetterKind;
use crate::{clock::Timestamp, error::StoreError, event::Event, id::id, user::EmailAddress};

id! {
    /// Identifies a mail to be sent.
    IntentId
}

/// A mail to be sent. It holds no token: the worker derives it.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Intent {
    /// The identifier.
    pub id: IntentId,
    /// Which letter.
    pub letter: LetterKind,
    /// The address that was asked for. The mail goes to the stored address of its account, if there is one.
    pub address: EmailAddress,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub not_after: Timestamp,
}

/// An intent that a worker holds until its lease ends.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct ClaimedIntent {
    /// The intent.
    pub intent: Intent,
    /// How often it has been claimed, this time included. It names the lease.
    pub attempt: i32,
}

/// Keeps the mails to be sent. Part of [`Store`](crate::store::Store).
#[async_trait]
pub trait OutboxStore: std::fmt::Debug + Send + Sync {
    /// Adds an intent that is due at once.
    ///
    /// # Contract
    /// When this has returned, the mail outlives a kill (I5). The event is written with it; it is about the user who
    /// has the address, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    async fn enqueue(&self, intent: &Intent, event: Option<&Event>) -> Result<(), StoreError>;

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
