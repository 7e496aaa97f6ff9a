//! The store trait for mails that were given up.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::{IntentId, MailEntry, MailStatus, RetryMail},
};

/// Shows operators the mails to be sent, and retries those that were given up. Part of [`Store`](crate::store::Store).
#[async_trait]
pub trait DeadLetterStore: std::fmt::Debug + Send + Sync {
    /// The mails in the outbox by descending id, at most `limit`, those below `after` if it is given.
    ///
    /// # Contract
    /// A page costs the same at any depth. Where the intent has no address, it is the one it was ordered for, or else
    /// the user's as it is now. Unreadable rows do not end a page early.
    ///
    /// # Errors
    /// If the database fails.
    async fn list_mail(
        &self,
        status: Option<MailStatus>,
        after: Option<IntentId>,
        limit: u32,
    ) -> Result<Vec<MailEntry>, StoreError>;

    /// Puts a new intent in the place of a dead one, asked for and due at `now`.
    ///
    /// # Contract
    /// One fact, by at most one of any number of concurrent calls: the dead intent is gone, the new one says the same,
    /// to the same recipient, ordered for the same account at the same time, and the event is written with [what was
    /// retried](crate::mail::RetriedMail::noted_on). Nothing of the old one's link can be derived from the new
    /// identifier. Its lifetime begins again at `now`. A pending one is left as it is.
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
