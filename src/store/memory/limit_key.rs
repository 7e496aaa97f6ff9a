//! The secret key for limit counters, in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{error::StoreError, limit::SealedKey, store::LimitKeyStore};

#[async_trait]
impl LimitKeyStore for MemoryStore {
    async fn agree_on_limit_key(
        &self,
        offered: &[SealedKey],
    ) -> Result<Vec<SealedKey>, StoreError> {
        let kept = &mut self.state().limit_keys;
        let found: Vec<SealedKey> = kept
            .iter()
            .filter(|row| offered.iter().any(|other| other.label == row.label))
            .cloned()
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        kept.extend_from_slice(offered);
        Ok(offered.to_vec())
    }
}
