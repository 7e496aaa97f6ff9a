//! The store trait for limit counters.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    limit::{Charge, Charged, LimitKey},
};

/// Keeps the counters of limits. This trait is part of [`Store`](crate::store::Store), but can be
/// replaced separately.
///
/// Counters expire: from `expires_at` on, a counter is treated as absent and may be deleted.
#[async_trait]
pub trait Limiter: std::fmt::Debug + Send + Sync {
    /// Charges the counters in the given order, and stops at the first counter without room.
    ///
    /// # Contract
    /// Each counter is checked and changed as [`Rule::charge`](crate::limit::Rule::charge)
    /// specifies, in one atomic step: concurrent calls have the same result as if they ran one
    /// after the other. A counter without room does not change, and no counter after it is charged.
    /// In a database, one statement charges all counters. In `charges`, no key occurs twice. At
    /// most one of the rules is [`Rule::Attempts`](crate::limit::Rule::Attempts) or
    /// [`Rule::Tries`](crate::limit::Rule::Tries), and it comes last.
    ///
    /// # Errors
    /// If the database fails.
    async fn charge(&self, charges: &[Charge], now: Timestamp) -> Result<Charged, StoreError>;

    /// Removes an attempt that was counted but did not take place, and the wait that it started.
    ///
    /// # Contract
    /// A counter does not fall below 0.
    ///
    /// # Errors
    /// If the database fails.
    async fn refund(&self, key: LimitKey, now: Timestamp) -> Result<(), StoreError>;

    /// Deletes a key's counter.
    ///
    /// # Errors
    /// If the database fails.
    async fn clear(&self, key: LimitKey) -> Result<(), StoreError>;
}
