//! A rate with a burst.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Held, held::SKEW};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

pub(super) const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// A steady pace and a burst. After a pause, `burst` calls are allowed immediately, and then one call is allowed every
/// `period / amount`.
///
/// ```
/// use hallpass::limit::Rate;
///
/// let rate = Rate::per_minute(20);
/// assert_eq!((rate.amount, rate.burst), (20, 20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain record")]
pub struct Rate {
    /// The number of calls in a period; at least 1.
    pub amount: u32,
    /// The period: at least a microsecond for each call, at most a year.
    pub period: Duration,
    /// The number of calls in a burst; at least 1.
    pub burst: u32,
}

impl Rate {
    /// This many calls a minute, with a burst of the same size.
    #[must_use]
    pub const fn per_minute(amount: u32) -> Self {
        Self {
            amount,
            period: Duration::from_secs(60),
            burst: amount,
        }
    }

    /// The same rate with a different burst.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }

    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the rate allows no calls, or a number is out of range.
    pub(super) fn check(&self) -> Result<()> {
        let sound = self.amount > 0
            && self.burst > 0
            && self.period <= LONGEST
            && self.emission_interval() >= TimeDelta::microseconds(1)
            && self.period.saturating_mul(self.burst) / self.amount <= LONGEST;
        if sound {
            Ok(())
        } else {
            Err(Error::configuration(
                "a rate limit requires `amount` and `burst` of at least 1, `period / amount` of at least a \
                 microsecond, and `period` and `burst * period / amount` of at most a year",
            ))
        }
    }

    /// The time from one call to the next at the steady pace, in whole microseconds.
    #[must_use]
    pub fn emission_interval(&self) -> TimeDelta {
        let interval = self.period.checked_div(self.amount).unwrap_or(LONGEST);
        let micros = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        TimeDelta::microseconds(micros)
    }

    /// How far ahead of the steady pace a call may be.
    #[must_use]
    pub fn tolerance(&self) -> TimeDelta {
        let ahead = i32::try_from(self.burst.saturating_sub(1)).unwrap_or(i32::MAX);
        self.emission_interval()
            .checked_mul(ahead)
            .unwrap_or(TimeDelta::MAX)
    }

    /// The latest time that a counter can contain, as seen at `now`. If a counter contains a later
    /// time, the clock was set back, and the counter is ignored.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        now + self.tolerance() + self.emission_interval() + SKEW
    }

    /// The counter after one more call. If the limit is reached, the error value is the unchanged counter.
    pub(super) fn charge(&self, held: Option<&Held>, now: Timestamp) -> Result<Held, Held> {
        let held = held.filter(|held| held.until <= self.latest(now));
        let at = held.map_or(now, |held| held.until);
        if let Some(held) = held
            && at > now + self.tolerance()
        {
            return Err(*held);
        }
        let theoretical_arrival = at.max(now) + self.emission_interval();
        Ok(Held {
            until: theoretical_arrival,
            attempts: 0,
            expires_at: theoretical_arrival,
        })
    }
}
