//! The store trait for the key of counters.

use async_trait::async_trait;

use crate::{error::StoreError, limit::SealedKey};

/// Keeps the key of counters, so that it outlives the master secrets. Part of [`Store`](crate::store::Store).
#[async_trait]
pub trait LimitKeyStore: std::fmt::Debug + Send + Sync {
    /// Stores a key, sealed for each of some master secrets, unless one is stored for any of them. Returns the stored
    /// keys for these secrets.
    ///
    /// # Contract
    /// If there is a row with any label of `offered`, nothing is written, and the rows with these labels are returned
    /// unchanged. Otherwise all of `offered` are written and returned. It is one fact: of any number of concurrent
    /// calls with a label in common, one writes, and all others find the written rows. Rows are never changed and never
    /// purged.
    ///
    /// # Errors
    /// If the database fails.
    async fn agree_on_limit_key(&self, offered: &[SealedKey])
    -> Result<Vec<SealedKey>, StoreError>;
}
