//! The counter key, which stays the same when the master secrets are rotated.
//!
//! ```text
//! first start    key derived from the first secret ── sealed with each secret ──> store
//! later starts   store ──> key opened with any secret ── sealed with each new secret ──> store
//! ```
//!
//! Instances with a secret in common therefore share one key, regardless of the order of their secrets. Reading the
//! database is not enough to open the sealed key.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::{
    error::{Result, StoreError},
    limit::{LimitKeys, SealedKey},
    secret::{HmacKey, Secret, Secrets},
    store::LimitKeyStore,
};

const PURPOSE: &str = "limit key";

/// The key, read from the store when it is first needed.
#[derive(Debug)]
pub(super) struct Lasting {
    secrets: Secrets,
    store: Arc<dyn LimitKeyStore>,
    keys: OnceCell<LimitKeys>,
}

impl Lasting {
    pub(super) fn new(secrets: Secrets, store: Arc<dyn LimitKeyStore>) -> Self {
        let keys = OnceCell::new();
        Self {
            secrets,
            store,
            keys,
        }
    }

    /// # Errors
    /// If the store fails.
    pub(super) async fn keys(&self) -> Result<&LimitKeys> {
        self.keys
            .get_or_try_init(|| agree(&*self.store, &self.secrets))
            .await
    }

    /// The key, if it has been read.
    pub(super) fn known(&self) -> Option<&LimitKeys> {
        self.keys.get()
    }
}

async fn agree(store: &dyn LimitKeyStore, secrets: &Secrets) -> Result<LimitKeys> {
    // Earlier versions did not store a key, but used this derived key. It is stored if no key is
    // stored yet, so that the counters of those versions stay valid.
    let own = secrets.first().derive::<32>("limit");
    let offered = sealed(secrets.iter(), own.as_ref())?;
    let mut found = store.agree_on_limit_key(&offered).await?;
    // The rows are sorted so that every instance takes the same key, even if two keys were stored.
    found.sort_unstable_by_key(|row| row.label);
    let key = found
        .iter()
        .find_map(|row| opened(row, secrets))
        .ok_or_else(|| StoreError::Corrupt("no limit key can be opened".into()))?;
    let lacks = |secret: &&Secret| !found.iter().any(|row| row.label == secret.label(PURPOSE));
    // The secrets are handled one by one, because another instance may already have sealed the key for some of them.
    for secret in secrets.iter().filter(lacks) {
        store.agree_on_limit_key(&sealed([secret], &key)?).await?;
    }
    Ok(LimitKeys::new(HmacKey::new(&key)))
}

fn sealed<'a>(secrets: impl IntoIterator<Item = &'a Secret>, key: &[u8]) -> Result<Vec<SealedKey>> {
    secrets
        .into_iter()
        .map(|secret| {
            Ok(SealedKey {
                label: secret.label(PURPOSE),
                sealed: secret.seal(PURPOSE, &[], key)?,
            })
        })
        .collect()
}

fn opened(row: &SealedKey, secrets: &Secrets) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    secrets
        .iter()
        .find(|secret| secret.label(PURPOSE) == row.label)?
        .open(PURPOSE, &[], &row.sealed)
}
