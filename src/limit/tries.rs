//! A maximum number of failures in a period.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Held, held::SKEW, rate::LONGEST};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
};

/// How many tries may fail in a period; a period begins with the first failure. A try is counted before it is made, and
/// taken back if it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain record")]
pub struct Tries {
    /// The maximum number of failures, from 1 to 100.
    pub most: u32,
    /// The period, from a microsecond to 366 days.
    pub period: Duration,
}

impl Tries {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a number is out of range.
    pub(crate) fn check(&self) -> Result<()> {
        if (1..=100).contains(&self.most)
            && (Duration::from_micros(1)..=LONGEST).contains(&self.period)
        {
            Ok(())
        } else {
            Err(Error::configuration(
                "the tries of a second factor require `most` from 1 to 100, and `period` from a microsecond to 366 days",
            ))
        }
    }

    /// The end of a period that begins at `now`.
    #[must_use]
    pub fn end(&self, now: Timestamp) -> Timestamp {
        now + TimeDelta::from_std(self.period).unwrap_or(TimeDelta::MAX)
    }

    /// The latest end of a period, as seen at `now`. If a stored period ends later, the clock was set back, and the
    /// stored period is ignored.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        self.end(now) + SKEW
    }

    /// The counter after one more try. If the limit is reached, the error is the unchanged counter.
    pub(super) fn charge(&self, held: Option<&Held>, now: Timestamp) -> Result<Held, Held> {
        let held = held.filter(|held| held.expires_at <= self.latest(now));
        if let Some(held) = held
            && held.attempts >= self.most
        {
            return Err(*held);
        }
        Ok(Held {
            until: now,
            attempts: held.map_or(0, |held| held.attempts).saturating_add(1),
            expires_at: held.map_or_else(|| self.end(now), |held| held.expires_at),
        })
    }
}
