//! The contract of [`LimitKeyStore`](crate::store::LimitKeyStore).

use std::sync::Arc;

use super::{
    Subject,
    fixture::{TASKS, race},
};
use crate::{limit::SealedKey, secret::random_bytes};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    the_first_sealed_key_is_found_with_any_of_its_secrets(store).await;
    one_of_parallel_starts_seals_a_key(store).await;
}

/// The secrets are rotated over several starts, and each start seals the key only with its own
/// secrets.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_first_sealed_key_is_found_with_any_of_its_secrets(store: &Subject) {
    let [first, second, third] = [key(), key(), key()];
    let offered = vec![first.clone(), second.clone()];
    assert_eq!(agree(store, offered.clone()).await, sorted(offered.clone()));
    // Another instance offers keys for the same secrets in another order, and for one more secret.
    let later = vec![again(&second), third.clone(), again(&first)];
    assert_eq!(agree(store, later).await, sorted(offered));
    let later = vec![again(&second), third.clone()];
    assert_eq!(agree(store, later).await, [second]);
    let own = vec![third.clone()];
    assert_eq!(agree(store, own.clone()).await, own);
    assert_eq!(agree(store, vec![again(&third)]).await, own);
    let all = vec![again(&first), again(&third)];
    assert_eq!(agree(store, all).await, sorted(vec![first, third]));
}

/// Several instances start together. Each instance has its own secret and a secret that all instances share.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_parallel_starts_seals_a_key(store: &Subject) {
    let shared = key();
    let own: Arc<Vec<SealedKey>> = Arc::new((0..TASKS).map(|_| key()).collect());
    let found = race(TASKS, |index| {
        let (store, own) = (Arc::clone(store), Arc::clone(&own));
        let mut offered = vec![again(&shared)];
        offered.extend(own.get(index).map(again));
        if index % 2 == 0 {
            offered.reverse();
        }
        async move { (index, agree(&store, offered).await) }
    });
    let found = found.await;
    let of_shared = |found: &[SealedKey]| {
        let row = found.iter().find(|row| row.label == shared.label);
        row.expect("the key sealed for the shared secret").clone()
    };
    let kept = agree(store, vec![again(&shared)]).await;
    let (mut writers, own) = (Vec::new(), &own);
    for (index, found) in &found {
        assert_eq!(
            of_shared(found),
            of_shared(&kept),
            "all instances have the same keys"
        );
        if found.len() > 1 {
            writers.push(*index);
        }
    }
    assert_eq!(writers.len(), 1, "one instance writes");
    for (index, own) in own.iter().enumerate() {
        let offered = vec![again(own)];
        let is_kept = agree(store, offered.clone()).await != offered;
        assert_eq!(
            is_kept,
            writers.contains(&index),
            "the keys offered by others"
        );
    }
}

async fn agree(store: &Subject, offered: Vec<SealedKey>) -> Vec<SealedKey> {
    let found = store.agree_on_limit_key(&offered).await;
    sorted(found.expect("agree_on_limit_key"))
}

fn sorted(mut rows: Vec<SealedKey>) -> Vec<SealedKey> {
    rows.sort_unstable_by_key(|row| row.label);
    rows
}

fn key() -> SealedKey {
    SealedKey {
        label: random_bytes(),
        sealed: random_bytes::<60>().to_vec(),
    }
}

/// A different key for the same secret.
fn again(other: &SealedKey) -> SealedKey {
    SealedKey {
        label: other.label,
        ..key()
    }
}
