//! The store trait for limit counters.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    limit::{Charge, Charged, LimitKey},
};

/// Keeps the counters of limits. Part of [`Store`](crate::store::Store), and replaceable alone.
///
/// Counters expire: from `expires_at` on, a counter is as good as none, and may be deleted.
#[async_trait]
pub trait Limiter: std::fmt::Debug + Send + Sync {
    /// Charges counters in this order, up to the first that has no room.
    ///
    /// # Contract
    /// Each counter decides and changes as [`Rule::charge`](crate::limit::Rule::charge) says, as one fact: of any
    /// number of concurrent calls as many have room as would one after the other. One that has no room does not change,
    /// and none after it is charged. In a database it is one statement for all. No key is there twice, and
    /// [`Rule::Attempts`](crate::limit::Rule::Attempts) comes once at most, last.
    ///
    /// # Errors
    /// If the database fails.
    async fn charge(&self, charges: &[Charge], now: Timestamp) -> Result<Charged, StoreError>;

    /// Takes an attempt back that was counted and not made, and the wait that it began.
    ///
    /// # Contract
    /// A counter does not fall below 0.
    ///
    /// # Errors
    /// If the database fails.
    async fn refund(&self, key: LimitKey, now: Timestamp) -> Result<(), StoreError>;

    /// Forgets what is held under a key.
    ///
    /// # Errors
    /// If the database fails.
    async fn clear(&self, key: LimitKey) -> Result<(), StoreError>;
}
