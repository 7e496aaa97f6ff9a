//! The store trait for the key of counters.

use async_trait::async_trait;

use crate::{error::StoreError, limit::SealedKey};

/// Keeps the key of counters, so that it outlives the master secrets; part of [`Store`](crate::store::Store).
#[async_trait]
pub trait LimitKeyStore: std::fmt::Debug + Send + Sync {
    /// Keeps a key, sealed for each of some master secrets, unless one is kept for any of them. Gives what is kept for
    /// them.
    ///
    /// # Contract
    /// If there is a row with any label of `offered`, nothing is written, and the rows with these labels are given as
    /// they are; otherwise all of `offered` are written and given. It is one fact: of any number of concurrent calls
    /// with a label in common, one writes, and all others find what it has written. Rows are never changed, and never
    /// purged.
    ///
    /// # Errors
    /// If the database fails.
    async fn agree_on_limit_key(&self, offered: &[SealedKey])
    -> Result<Vec<SealedKey>, StoreError>;
}
