//! Limit counters in memory.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    error::StoreError,
    limit::{Charge, Charged, Held, LimitKey, Rule},
    store::Limiter,
};

const SHARDS: usize = 64;
/// The capacity of a hash table of 2^14 buckets.
const MOST_IN_SHARD: usize = 14_336;
/// The number of counters that a full shard keeps when it makes room for new counters. The number is below the
/// capacity, so that the shard does not fill up again immediately.
const KEPT_IN_SHARD: usize = MOST_IN_SHARD / 8 * 7;

/// Keeps limit counters in the memory of this process. Clones share the counters.
///
/// The limiter stores at most 917,504 counters, in less than 64 MiB. When it is full, it deletes
/// the counters that are farthest from a refusal, but never a counter that currently refuses
/// callers. If all counters refuse callers, no new caller is admitted.
///
/// ```
/// use hallpass::{Auth, secret::Secret, mail::Mailbox, memory::{MemoryLimiter, MemoryStore}};
///
/// let auth = Auth::builder()
///     .store(MemoryStore::new())
///     .limiter(MemoryLimiter::new())
/// #     .secrets(Secret::generate()).public_url("https://example.org").mailer(Mailbox::new())
///     .build()?;
/// # Ok::<(), hallpass::Error>(())
/// ```
#[derive(Clone)]
pub struct MemoryLimiter(Arc<[Shard; SHARDS]>);

#[derive(Default)]
struct Shard(Mutex<HashMap<LimitKey, Counter>>);

#[derive(Clone, Copy)]
struct Counter {
    held: Held,
    /// The time until which the counter makes callers wait.
    holds_up_until: Timestamp,
}

impl MemoryLimiter {
    /// Creates a limiter without counters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn shard(&self, key: LimitKey) -> MutexGuard<'_, HashMap<LimitKey, Counter>> {
        let [first, ..] = *key.as_bytes();
        // There is a shard for every remainder, so the fallback is never used.
        let shards = &*self.0;
        let [other, ..] = shards;
        let shard = shards.get(usize::from(first) % SHARDS).unwrap_or(other);
        // No code panics halfway through a change, so a poisoned shard is consistent.
        shard.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn charge_one(
        &self,
        Charge { key, rule }: Charge,
        now: Timestamp,
    ) -> Result<Result<Held, Held>, StoreError> {
        let mut counters = self.shard(key);
        let held = counters.get(&key).map(|counter| counter.held);
        let charged = rule.charge(held, now);
        if let Ok(held) = charged {
            if !counters.contains_key(&key) && counters.len() >= MOST_IN_SHARD {
                make_room(&mut counters, now)?;
            }
            let holds_up_until = match rule {
                Rule::Rate(rate) => held.until - rate.tolerance(),
                Rule::Attempts(lockout) if held.attempts >= lockout.max_attempts => held.expires_at,
                Rule::Attempts(_) => held.until,
                Rule::Tries(tries) if held.attempts >= tries.most => held.expires_at,
                Rule::Tries(_) => held.until,
            };
            let counter = Counter {
                held,
                holds_up_until,
            };
            counters.insert(key, counter);
        }
        Ok(charged)
    }

    pub(super) fn forget(&self, key: Option<LimitKey>) {
        if let Some(key) = key {
            self.shard(key).remove(&key);
        }
    }

    /// Deletes the counters that expired at `before` or earlier, and returns their number.
    pub(super) fn purge(&self, before: Timestamp) -> u64 {
        let purge = |shard: &Shard| {
            let mut counters = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counters.len();
            counters.retain(|_, counter| counter.held.expires_at > before);
            (count - counters.len()) as u64
        };
        self.0.iter().map(purge).sum()
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0
            .iter()
            .map(|shard| shard.0.lock().unwrap().len())
            .sum()
    }
}

/// Drops counters to make room. The remaining counters move to a new table of the same size, because a table with many
/// deletions would grow at the next insertion.
fn make_room(counters: &mut HashMap<LimitKey, Counter>, now: Timestamp) -> Result<(), StoreError> {
    let mut kept: Vec<_> = mem::take(counters).into_iter().collect();
    kept.retain(|(_, counter)| counter.held.expires_at > now);
    if kept.len() > KEPT_IN_SHARD {
        // Counters that make a caller wait come first, then those with the most failed attempts, then those with the
        // latest time.
        kept.sort_unstable_by_key(|(_, counter)| {
            let holds_up = counter.holds_up_until > now;
            std::cmp::Reverse((holds_up, counter.held.attempts, counter.held.until))
        });
        let hold_up = kept.partition_point(|(_, counter)| counter.holds_up_until > now);
        kept.truncate(hold_up.max(KEPT_IN_SHARD));
    }
    counters.reserve(MOST_IN_SHARD);
    counters.extend(kept);
    if counters.len() >= MOST_IN_SHARD {
        return Err(StoreError::Unavailable(
            "there is no room for further counters in memory".into(),
        ));
    }
    Ok(())
}

impl Default for MemoryLimiter {
    fn default() -> Self {
        Self(Arc::new(std::array::from_fn(|_| Shard::default())))
    }
}

impl std::fmt::Debug for MemoryLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLimiter").finish_non_exhaustive()
    }
}

#[async_trait]
impl Limiter for MemoryLimiter {
    async fn charge(&self, charges: &[Charge], now: Timestamp) -> Result<Charged, StoreError> {
        let mut last = None;
        for (position, charge) in charges.iter().enumerate() {
            match self.charge_one(*charge, now)? {
                Ok(held) => last = Some(held),
                Err(held) => return Ok(Charged::Refused { position, held }),
            }
        }
        Ok(Charged::Granted(last))
    }

    async fn refund(&self, key: LimitKey, now: Timestamp) -> Result<(), StoreError> {
        if let Some(counter) = self.shard(key).get_mut(&key)
            && counter.held.attempts > 0
        {
            counter.held.attempts -= 1;
            counter.held.until = counter.held.until.min(now);
            counter.holds_up_until = counter.holds_up_until.min(now);
        }
        Ok(())
    }

    async fn clear(&self, key: LimitKey) -> Result<(), StoreError> {
        self.forget(Some(key));
        Ok(())
    }
}

#[async_trait]
impl Limiter for MemoryStore {
    async fn charge(&self, charges: &[Charge], now: Timestamp) -> Result<Charged, StoreError> {
        self.limits.charge(charges, now).await
    }

    async fn refund(&self, key: LimitKey, now: Timestamp) -> Result<(), StoreError> {
        self.limits.refund(key, now).await
    }

    async fn clear(&self, key: LimitKey) -> Result<(), StoreError> {
        self.limits.clear(key).await
    }
}

#[cfg(test)]
mod tests;
