//! The delay between attempts to send an email.

use std::time::Duration;

use crate::secret::random_bytes;

const FIRST: Duration = Duration::from_secs(15);
/// The first wait after a refusal. A mail server rarely changes its decision, but its operator may correct the server's
/// rules.
const FIRST_REFUSED: Duration = Duration::from_secs(5 * 60);
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long an email waits after this many attempts. The wait doubles each time, up to an hour. Up
/// to a quarter is subtracted at random, so that emails that failed together are not retried
/// together. The result is in whole microseconds, like all times in the database.
pub(super) fn delay(attempt: i32, refused: bool) -> Duration {
    let [roll] = random_bytes();
    delay_with(attempt, refused, roll)
}

fn delay_with(attempt: i32, refused: bool, roll: u8) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or_default();
    let first = if refused { FIRST_REFUSED } else { FIRST };
    let full = first
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(LONGEST);
    let wait = full - full / 4 * u32::from(roll) / 255;
    Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        let waits = |refused| {
            let attempts = [1, 2, 3, 9, 10, 1000, i32::MAX];
            attempts.map(|attempt| delay_with(attempt, refused, 0).as_secs())
        };
        assert_eq!(waits(false), [15, 30, 60, 3600, 3600, 3600, 3600]);
        assert_eq!(waits(true), [300, 600, 1200, 3600, 3600, 3600, 3600]);
    }

    #[test]
    fn up_to_a_quarter_is_left_to_chance() {
        for (roll, wait) in [(0, 60_000), (51, 57_000), (255, 45_000)] {
            assert_eq!(delay_with(3, false, roll).as_millis(), wait);
        }
        for roll in 0..=255 {
            let wait = delay_with(3, false, roll);
            assert_eq!(wait.subsec_nanos() % 1000, 0, "{wait:?}");
        }
        for _ in 0..1000 {
            let wait = delay(1, false);
            assert!((11_250..=15_000).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
