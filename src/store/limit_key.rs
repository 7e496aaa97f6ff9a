//! The store trait for the secret limit counter key.

use async_trait::async_trait;

use crate::{error::StoreError, limit::SealedKey};

/// Keeps the secret limit counter key, so that it survives a change of the master secrets. This
/// trait is part of [`Store`](crate::store::Store).
#[async_trait]
pub trait LimitKeyStore: std::fmt::Debug + Send + Sync {
    /// Stores a key, sealed once with each of several master secrets, unless a key is already
    /// stored for one of these secrets. Returns the keys that are stored for these secrets.
    ///
    /// # Contract
    /// If there is a row with any label in `offered`, nothing is written, and the rows with these labels are returned
    /// unchanged. Otherwise all keys in `offered` are written and returned. The call is atomic: of any number of
    /// concurrent calls with a label in common, exactly one writes, and all others find the written rows. A row is
    /// never changed or purged.
    ///
    /// # Errors
    /// If the database fails.
    async fn agree_on_limit_key(&self, offered: &[SealedKey])
    -> Result<Vec<SealedKey>, StoreError>;
}
