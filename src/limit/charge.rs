//! Charging counters.

use super::{Held, LimitKey, Rule};

/// One more under this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and limiter"
)]
pub struct Charge {
    /// The key of the counter.
    pub key: LimitKey,
    /// The rule that decides.
    pub rule: Rule,
}

/// The outcome of charging counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third outcome would be a change of contract"
)]
pub enum Charged {
    /// All had room. The last one holds this now.
    Granted(Option<Held>),
    /// The one at this position, from 0, had none.
    Refused {
        /// Its position among the charges.
        position: usize,
        /// Its state.
        held: Held,
    },
}
