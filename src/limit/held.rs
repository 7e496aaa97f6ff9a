//! The stored state of a counter.

use chrono::TimeDelta;

use crate::clock::Timestamp;

/// How far clocks may differ.
pub(super) const SKEW: TimeDelta = TimeDelta::minutes(5);

/// The state under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a limiter builds it")]
pub struct Held {
    /// Of a [`Rate`](super::Rate): the theoretical arrival time of GCRA. Of attempts: until when the next one waits.
    pub until: Timestamp,
    /// How many attempts in a row; 0 of a rate.
    pub attempts: u32,
    /// From when on it is as if nothing were held.
    pub expires_at: Timestamp,
}
