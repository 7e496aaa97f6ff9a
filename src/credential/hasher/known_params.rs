//! The current hash parameters, and former ones.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use crate::credential::HashParams;

/// Once this many former parameter sets are known, further sets are added only if they are declared. Each known set
/// makes a failed verification compute one more hash.
const ENOUGH: usize = 4;

/// The parameters of stored hashes: the current ones, and former ones.
#[derive(Debug)]
pub(super) struct KnownParams {
    current: HashParams,
    former: RwLock<Vec<HashParams>>,
    has_warned: AtomicBool,
}

impl KnownParams {
    pub(super) fn new(current: HashParams, declared: Vec<HashParams>) -> Self {
        let mut former = Vec::new();
        for params in declared {
            if params != current && !former.contains(&params) {
                former.push(params);
            }
        }
        Self {
            current,
            former: RwLock::new(former),
            has_warned: AtomicBool::new(false),
        }
    }

    /// The current parameters.
    pub(super) fn current(&self) -> HashParams {
        self.current
    }

    /// The known parameters that take the most memory.
    pub(super) fn roomiest(&self) -> HashParams {
        let known = self.former.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(self.current, |most, &params| {
            if params.memory_kib() > most.memory_kib() {
                params
            } else {
                most
            }
        })
    }

    /// All known parameters and those of this stored hash, starting with the current ones. New parameters of the stored
    /// hash stay known if they are cheap enough.
    pub(super) fn registered_with(&self, stored: HashParams) -> Vec<HashParams> {
        let known = self.former.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::with_capacity(known.len() + 2);
        all.push(self.current);
        all.extend_from_slice(&known);
        drop(known);
        if !all.contains(&stored) {
            self.register(stored);
            all.push(stored);
        }
        all
    }

    fn register(&self, params: HashParams) {
        let is_cheap =
            params.memory_kib() <= self.current.memory_kib() && work(params) <= work(self.current);
        let mut former = self.former.write().unwrap_or_else(PoisonError::into_inner);
        if former.contains(&params) {
            return;
        }
        if is_cheap && former.len() < ENOUGH {
            former.push(params);
            tracing::info!(
                %params,
                "a stored password hash has former parameters: a failed sign-in costs a hash of these, too, from now on"
            );
        } else if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %params,
                "a stored password hash has former parameters that are costlier or too many to be added automatically: \
                 until they are declared, the time of a failed sign-in reveals such an account"
            );
        }
    }
}

/// The work of one hash, measured as the number of KiB that are written.
fn work(params: HashParams) -> u64 {
    u64::from(params.memory_kib()) * u64::from(params.passes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        credential::{Hasher, HasherBuilder, Verification},
        secret::PasswordHash,
    };

    const RIGHT: &str = "right password";

    fn params(passes: u32) -> HashParams {
        HashParams::danger_weak(64, passes, 1).unwrap()
    }

    fn builder(passes: u32) -> HasherBuilder {
        Hasher::builder(params(passes)).permits(1)
    }

    async fn hash_of(passes: u32) -> PasswordHash {
        let hasher = builder(passes).build().unwrap();
        hasher.hash(&RIGHT.into()).await.unwrap()
    }

    /// The number of passes of each computed hash, in order of computation.
    async fn cost(
        hasher: &Hasher,
        hash: Option<&PasswordHash>,
        password: &str,
    ) -> (Verification, Vec<u32>) {
        let verification = hasher.verify(&password.into(), hash).await.unwrap();
        let computed = hasher.0.pool.computed();
        let passes = computed.iter().map(HashParams::passes).collect();
        (verification, passes)
    }

    #[tokio::test]
    async fn every_failure_costs_the_same_after_former_parameters() {
        let hasher = builder(3).build().unwrap();
        let (first, second, current) = (hash_of(1).await, hash_of(2).await, hash_of(3).await);
        let wrong = |passes: &[u32]| (Verification::Wrong, passes.to_vec());
        assert_eq!(cost(&hasher, None, RIGHT).await, wrong(&[3]));
        assert_eq!(cost(&hasher, Some(&first), "wrong").await, wrong(&[3, 1]));
        assert_eq!(cost(&hasher, None, RIGHT).await, wrong(&[3, 1]));
        let outdated = (Verification::Outdated, vec![3, 1, 2]);
        assert_eq!(cost(&hasher, Some(&second), RIGHT).await, outdated);
        for hash in [None, Some(&first), Some(&second), Some(&current)] {
            assert_eq!(cost(&hasher, hash, "wrong").await, wrong(&[3, 1, 2]));
        }
        let right = (Verification::Right, vec![3]);
        assert_eq!(cost(&hasher, Some(&current), RIGHT).await, right);
    }

    #[tokio::test]
    async fn declared_parameters_count_from_the_start_however_costly() {
        let hasher = [4, 4, 2]
            .into_iter()
            .map(params)
            .fold(builder(2), HasherBuilder::former)
            .build()
            .unwrap();
        let former = hash_of(4).await;
        for hash in [None, Some(&former)] {
            let wrong = (Verification::Wrong, vec![2, 4]);
            assert_eq!(cost(&hasher, hash, "wrong").await, wrong);
        }
    }

    #[tokio::test]
    async fn memory_is_kept_for_what_is_declared() {
        let larger = HashParams::danger_weak(128, 1, 1).unwrap();
        let hasher = builder(1).former(larger).build().unwrap();
        cost(&hasher, None, "wrong").await;
        assert_eq!(hasher.0.pool.idle_memory_kib(), [128]);
    }

    #[tokio::test]
    async fn costlier_parameters_are_not_added_without_a_declaration() {
        let hasher = builder(2).build().unwrap();
        let larger = Hasher::builder(HashParams::danger_weak(65, 1, 1).unwrap())
            .build()
            .unwrap()
            .hash(&RIGHT.into())
            .await
            .unwrap();
        for hash in [hash_of(3).await, larger] {
            cost(&hasher, Some(&hash), "wrong").await;
            let wrong = (Verification::Wrong, vec![2]);
            assert_eq!(cost(&hasher, None, "wrong").await, wrong);
        }
    }

    #[test]
    fn no_more_are_added_unasked_than_a_few() {
        let known_params = KnownParams::new(params(16), vec![params(1), params(2)]);
        for passes in 3..9 {
            known_params.registered_with(params(passes));
        }
        let known = known_params.registered_with(params(16));
        assert_eq!(known, [16, 1, 2, 3, 4].map(params));
    }
}
