//! Charging counters.

use super::{Held, LimitKey, Rule};

/// One more call or attempt, to be counted under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and limiter"
)]
pub struct Charge {
    /// The counter key.
    pub key: LimitKey,
    /// The counter's rule.
    pub rule: Rule,
}

/// The outcome of charging counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third outcome would change the contract"
)]
pub enum Charged {
    /// All counters had room. This is the new state of the last counter.
    Granted(Option<Held>),
    /// A counter has reached its limit.
    Refused {
        /// The position of the counter among the charges, from 0.
        position: usize,
        /// The state of the counter.
        held: Held,
    },
}
