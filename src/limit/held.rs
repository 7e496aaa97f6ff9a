//! The stored state of a counter.

use chrono::TimeDelta;

use crate::clock::Timestamp;

/// How far clocks may differ.
pub(super) const SKEW: TimeDelta = TimeDelta::minutes(5);

/// The stored state of one key's counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a limiter builds it")]
pub struct Held {
    /// For a [`Rate`](super::Rate), the theoretical arrival time of GCRA. For attempts, the time before which no
    /// further attempt is allowed.
    pub until: Timestamp,
    /// The number of attempts in a row; 0 for a rate.
    pub attempts: u32,
    /// The time at which the state expires.
    pub expires_at: Timestamp,
}
