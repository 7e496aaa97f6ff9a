//! A store in the memory of this process, for tests and as the reference for every other store.

mod account;
mod address;
mod administrator;
mod browser_session;
mod challenge;
mod dead_letter;
mod device;
mod event;
mod factor;
mod flow;
mod identity;
#[cfg(test)]
mod inside;
mod limit_key;
mod limiter;
mod one_time_token;
mod operator;
mod outbox;
mod password;
mod purge;
mod rotation;
mod session;
mod takeover;
mod user;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

pub use self::limiter::MemoryLimiter;
use self::{
    challenge::ChallengeRow,
    device::DeviceRow,
    factor::FactorRow,
    flow::FlowRow,
    identity::IdentityRow,
    one_time_token::{OneTimeKey, OneTimeRow},
    outbox::OutboxRow,
    session::SessionRow,
    user::UserRow,
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{Event, EventId},
    factor::{DeviceId, FactorId},
    identity::IdentityId,
    limit::SealedKey,
    mail::IntentId,
    secret::TokenDigest,
    store::Store,
    token::{ChallengeId, SessionId},
    user::UserId,
};

/// A store in memory. The data is lost when the process ends. Clones share the data.
///
/// ```
/// use std::sync::Arc;
/// use hallpass::{memory::MemoryStore, store::Store};
///
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    limits: MemoryLimiter,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every method runs entirely under this one lock, which makes it atomic.
    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics halfway through a change, so a poisoned state is consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    users: HashMap<UserId, UserRow>,
    /// The users by canonical address.
    addresses: HashMap<String, UserId>,
    sessions: HashMap<SessionId, SessionRow>,
    one_time: HashMap<OneTimeKey, OneTimeRow>,
    outbox: HashMap<IntentId, OutboxRow>,
    flows: HashMap<TokenDigest, FlowRow>,
    identities: BTreeMap<IdentityId, IdentityRow>,
    factors: BTreeMap<FactorId, FactorRow>,
    recovery_codes: HashMap<UserId, Vec<TokenDigest>>,
    challenges: BTreeMap<ChallengeId, ChallengeRow>,
    devices: BTreeMap<DeviceId, DeviceRow>,
    /// For each budget key, the times at which emails were admitted, oldest first.
    mail_budgets: HashMap<TokenDigest, Vec<Timestamp>>,
    events: BTreeMap<EventId, Event>,
    limit_keys: Vec<SealedKey>,
    /// When each key was first used.
    signing_keys: BTreeMap<String, Timestamp>,
}

#[async_trait]
impl Store for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The rows to delete before a new row is added, so that the newest `most` rows remain. Each row is given as its time
/// and its identifier.
fn surplus<K: Ord>(rows: impl Iterator<Item = (Timestamp, K)>, most: u32) -> Vec<K> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    let others = usize::try_from(most - 1).unwrap_or(usize::MAX);
    rows.into_iter()
        .rev()
        .skip(others)
        .map(|(_, id)| id)
        .collect()
}
