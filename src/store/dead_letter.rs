//! The store trait for mails that were given up.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::{IntentId, MailEntry, MailStatus, RetryMail},
};

/// Lists the mails in the outbox for operators, and retries dead ones. Part of [`Store`](crate::store::Store).
#[async_trait]
pub trait DeadLetterStore: std::fmt::Debug + Send + Sync {
    /// The mails in the outbox by descending id, at most `limit`, those below `after` if it is given.
    ///
    /// # Contract
    /// A page costs the same at any depth. If the intent has no address, the mail shows the address that it was ordered
    /// for, or else the present address of the user. Unreadable rows do not end a page early.
    ///
    /// # Errors
    /// If the database fails.
    async fn list_mail(
        &self,
        status: Option<MailStatus>,
        after: Option<IntentId>,
        limit: u32,
    ) -> Result<Vec<MailEntry>, StoreError>;

    /// Replaces a dead intent by a new one, requested and due at `now`.
    ///
    /// # Contract
    /// One fact, by at most one of any number of concurrent calls. The dead intent is gone. The new one has the same
    /// content and recipient, and is ordered for the same account at the same time. The event is written with [the
    /// retried mail](crate::mail::RetriedMail::noted_on). Nothing of the old link can be derived from the new
    /// identifier. The lifetime begins again at `now`. A pending intent is left unchanged.
    ///
    /// # Errors
    /// If the database fails.
    async fn retry_mail(
        &self,
        id: IntentId,
        new: IntentId,
        now: Timestamp,
        event: &Event,
    ) -> Result<RetryMail, StoreError>;
}
