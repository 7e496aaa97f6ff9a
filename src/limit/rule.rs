//! A counter's rule.

use std::time::Duration;

use super::{Held, Lockout, Rate, Tries};
use crate::clock::Timestamp;

/// The rule that decides whether a counter allows another charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new rule would change the contract"
)]
pub enum Rule {
    /// How often calls are allowed.
    Rate(Rate),
    /// How many attempts in a row may fail.
    Attempts(Lockout),
    /// How many tries may fail in a period.
    Tries(Tries),
}

impl Rule {
    /// The counter after one more charge.
    ///
    /// # Errors
    /// The unchanged counter, if the limit is reached.
    pub fn charge(&self, held: Option<Held>, now: Timestamp) -> Result<Held, Held> {
        let held = held.filter(|held| now < held.expires_at);
        match self {
            Self::Rate(rate) => rate.charge(held.as_ref(), now),
            Self::Attempts(lockout) => lockout.charge(held.as_ref(), now),
            Self::Tries(tries) => tries.charge(held.as_ref(), now),
        }
    }

    /// The time until the counter allows another charge. Once the maximum number of failed attempts is reached, no
    /// further attempt is allowed, and the result is the longest wait.
    #[must_use]
    pub fn retry_after(&self, held: &Held, now: Timestamp) -> Duration {
        let wait = match self {
            Self::Rate(rate) => held.until - rate.tolerance() - now,
            Self::Attempts(lockout) if held.attempts >= lockout.max_attempts => {
                return lockout.max_delay;
            }
            Self::Attempts(_) => held.until - now,
            Self::Tries(_) => held.expires_at - now,
        };
        wait.to_std().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
