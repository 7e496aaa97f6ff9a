//! Account lockout after failed attempts.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Held, held::SKEW};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// How long failures are remembered after the last one.
const REMEMBERED: TimeDelta = TimeDelta::days(1);
/// How long failures are remembered once the maximum is reached. In practice, they are remembered
/// until a reset.
const REMEMBERED_AT_MOST: TimeDelta = TimeDelta::days(3650);
const LONGEST: Duration = Duration::from_secs(86_400);
/// After this many doublings, even a wait of a microsecond exceeds a day.
const MOST_DOUBLINGS: u32 = 40;

/// The lockout after consecutive wrong passwords. After a few failures, callers have to wait before the next attempt,
/// and the wait doubles with each further failure. After the maximum number of failures (NIST SP 800-63B section 3.2.2:
/// at most 100), no password is checked. Checks resume when the password is reset, the link in the lockout email is
/// used, or an administrator unlocks the account.
///
/// An attempt is counted before the password is checked, and taken back if the password was right. Parallel guesses
/// therefore cannot exceed the allowed number of checks. Attempts during a wait are not counted. Failures are forgotten
/// a day after the last one, unless the maximum was reached.
///
/// ```
/// use std::time::Duration;
/// use hallpass::limit::Lockout;
///
/// let lockout = Lockout { free_attempts: 10, ..Lockout::default() };
/// assert_eq!(lockout.base_delay, Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "with the default for the rest, a new field breaks no caller"
)]
pub struct Lockout {
    /// The number of failures in a row without a wait between them; at least 1. Default: 5.
    pub free_attempts: u32,
    /// The wait after `free_attempts` failures. It doubles with each further failure. Default: 1
    /// second.
    pub base_delay: Duration,
    /// The longest wait; at most one day. Default: 15 minutes.
    pub max_delay: Duration,
    /// The number of failures in a row after which no password is checked. Default: 100, which is
    /// also the maximum.
    pub max_attempts: u32,
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            free_attempts: 5,
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(15 * 60),
            max_attempts: 100,
        }
    }
}

impl Lockout {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a number is out of range.
    pub(crate) fn check(&self) -> Result<()> {
        let waits = self.base_delay >= Duration::from_micros(1)
            && self.base_delay <= self.max_delay
            && self.max_delay <= LONGEST;
        if waits
            && self.free_attempts >= 1
            && self.free_attempts <= self.max_attempts
            && self.max_attempts <= 100
        {
            Ok(())
        } else {
            Err(Error::configuration(
                "a lockout requires `free_attempts` of at least 1, `max_attempts` from `free_attempts` to 100, \
                 `base_delay` of at least a microsecond, and `max_delay` from `base_delay` to a day",
            ))
        }
    }

    /// The wait after this many failures in a row.
    #[must_use]
    pub fn wait(&self, failures: u32) -> TimeDelta {
        let Some(doublings) = failures.checked_sub(self.free_attempts) else {
            return TimeDelta::zero();
        };
        let wait = (0..doublings.min(MOST_DOUBLINGS)).fold(self.base_delay, |wait, _| {
            wait.saturating_mul(2).min(self.max_delay)
        });
        TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX)
    }

    /// The latest time at which a wait can end, as seen at `now`. If a stored wait ends later, the clock was set back,
    /// and the stored wait is ignored.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        now + TimeDelta::from_std(self.max_delay).unwrap_or(TimeDelta::MAX) + SKEW
    }

    /// The time for which this many failures in a row are remembered.
    #[must_use]
    pub fn remembered(&self, failures: u32) -> TimeDelta {
        if failures >= self.max_attempts {
            REMEMBERED_AT_MOST
        } else {
            REMEMBERED
        }
    }

    /// Whether the owner is notified after this many failures: when the first wait begins, and when passwords are no
    /// longer checked.
    pub(crate) fn is_notified(&self, failures: u32) -> bool {
        failures == self.free_attempts || failures == self.max_attempts
    }

    /// The counter after one more attempt. If the attempt is refused, the error is the unchanged counter.
    pub(super) fn charge(&self, held: Option<&Held>, now: Timestamp) -> Result<Held, Held> {
        let failures = held.map_or(0, |held| held.attempts);
        if let Some(held) = held
            && (failures >= self.max_attempts
                || (held.until > now && held.until <= self.latest(now)))
        {
            return Err(*held);
        }
        let attempts = failures.saturating_add(1);
        Ok(Held {
            until: now + self.wait(attempts),
            attempts,
            expires_at: now + self.remembered(attempts),
        })
    }
}
