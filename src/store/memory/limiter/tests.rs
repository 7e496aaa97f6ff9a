use std::time::Duration;

use super::*;
use crate::{
    clock::{Clock as _, ManualClock},
    limit::{Lockout, Rate},
    secret::random_bytes,
};

fn key() -> LimitKey {
    random_bytes::<16>().into()
}

fn rate(amount: u32) -> Rule {
    Rule::Rate(Rate::per_minute(amount))
}

#[test]
fn the_bound_is_below_64_mib() {
    // Each bucket takes up one entry and one control byte. At most 7/8 of the 2^14 buckets of a
    // table are filled.
    let bucket = size_of::<(LimitKey, Counter)>() + 1;
    assert!(SHARDS * (1 << 14) * bucket < 64 << 20);
    assert_eq!(MOST_IN_SHARD, (1 << 14) / 8 * 7);
}

#[tokio::test]
async fn a_million_random_keys_evict_no_blocking_entry() {
    let (limiter, clock) = (MemoryLimiter::new(), ManualClock::new());
    let lockout = Rule::Attempts(Lockout::default());
    let limited: Vec<_> = (0..1000).map(|_| key()).collect();
    let locked: Vec<_> = (0..1000).map(|_| key()).collect();
    let charge = async |key, rule| {
        let charged = limiter.charge(&[Charge { key, rule }], clock.now()).await;
        matches!(charged.unwrap(), Charged::Granted(_))
    };
    for (&limited, &locked) in limited.iter().zip(&locked) {
        assert!(charge(limited, rate(1)).await);
        for _ in 0..5 {
            assert!(charge(locked, lockout).await);
        }
    }
    for _ in 0..1_000_000 {
        assert!(charge(key(), rate(60)).await);
    }
    assert!(limiter.len() <= SHARDS * MOST_IN_SHARD);
    assert!(limiter.len() > SHARDS * KEPT_IN_SHARD / 2);
    let capacity = |shard: &Shard| shard.0.lock().unwrap().capacity();
    assert!(
        limiter
            .0
            .iter()
            .all(|shard| capacity(shard) <= MOST_IN_SHARD)
    );
    for (&limited, &locked) in limited.iter().zip(&locked) {
        assert!(!charge(limited, rate(1)).await);
        assert!(!charge(locked, lockout).await);
    }
    clock.advance(Duration::from_secs(2));
    assert!(limiter.purge(clock.now()) > 700_000);
}

#[tokio::test]
async fn a_full_table_of_blocking_entries_admits_no_new_key() {
    let (limiter, clock) = (MemoryLimiter::new(), ManualClock::new());
    let charge = |last: u64| {
        // All keys belong to one shard.
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&last.to_be_bytes());
        [Charge {
            key: bytes.into(),
            rule: rate(1),
        }]
    };
    for last in 0..MOST_IN_SHARD as u64 {
        let charged = limiter.charge(&charge(last), clock.now()).await.unwrap();
        assert!(matches!(charged, Charged::Granted(_)));
    }
    let full = limiter.charge(&charge(u64::MAX), clock.now()).await;
    assert!(matches!(full, Err(StoreError::Unavailable(_))));
    clock.advance(Duration::from_secs(60));
    let free = limiter.charge(&charge(u64::MAX), clock.now()).await;
    assert!(matches!(free, Ok(Charged::Granted(_))));
}
