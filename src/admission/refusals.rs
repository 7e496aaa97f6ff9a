//! A cache of the limit keys for which the store has refused a call.

use quick_cache::sync::Cache;

use crate::{
    clock::Timestamp,
    limit::{Charge, Charged, Held, LimitKey, Rule},
};

/// The maximum number of remembered refusals. If a refusal is no longer remembered, the store is
/// queried again.
const CAPACITY: usize = 10_000;

/// Remembers the charges that the store has refused, so that the store is not queried again before
/// it could accept them. This is safe because the counter of a [`Rate`](crate::limit::Rate) only
/// grows, whichever instance charges it. Refused attempts are not remembered, because a lockout can
/// be lifted early.
#[derive(Debug)]
pub(super) struct Refusals(Cache<LimitKey, Held>);

impl Refusals {
    pub(super) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// The remembered refusal of one of these charges, if the store would still refuse it.
    pub(super) fn of(&self, charges: &[Charge], now: Timestamp) -> Option<Charged> {
        let first = charges.first()?;
        let held = self.0.get(&first.key)?;
        let refused = first.rule.charge(Some(held), now).is_err();
        refused.then_some(Charged::Refused { position: 0, held })
    }

    /// Remembers the store's decision.
    pub(super) fn note(&self, charges: &[Charge], charged: &Charged) {
        if let (Some(first), Charged::Refused { position: 0, held }) = (charges.first(), charged)
            && matches!(first.rule, Rule::Rate(_))
        {
            self.0.insert(first.key, *held);
        }
    }
}
