//! The store trait for dead letters.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::{IntentId, MailEntry, MailStatus, RetryMail},
};

/// Lists the emails in the outbox for operators, and retries dead emails. This trait is part of
/// [`Store`](crate::store::Store).
#[async_trait]
pub trait DeadLetterStore: std::fmt::Debug + Send + Sync {
    /// Returns at most `limit` emails in the outbox, in descending order of id. If `after` is
    /// given, only emails with a lower id are returned.
    ///
    /// # Contract
    /// The cost of a page does not depend on its position in the list. An intent without an address
    /// is listed with the address that it was requested for or, if that is unknown, with the user's
    /// current address. Rows that cannot be read do not end a page early.
    ///
    /// # Errors
    /// If the database fails.
    async fn list_mail(
        &self,
        status: Option<MailStatus>,
        after: Option<IntentId>,
        limit: u32,
    ) -> Result<Vec<MailEntry>, StoreError>;

    /// Replaces a dead intent with a new intent that is created and due at `now`.
    ///
    /// # Contract
    /// The call is atomic, and at most one of any number of concurrent calls succeeds. The dead intent is removed. The
    /// new intent has the same content and recipient, and carries over the account and the time of the original
    /// request. The event is written with [the details of the retried email](crate::mail::RetriedMail::noted_on). If
    /// the email carries a link, the new email has a different link, because links are derived from the email's
    /// identifier. The lifetime of the new email starts at `now`. An intent that is still pending is left unchanged.
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
