//! The lifetimes of tokens and sessions.

use std::time::Duration;

use super::check::MAX_LIFETIME;
use crate::error::{Error, Result};

/// How long tokens and sessions live.
///
/// ```
/// use std::time::Duration;
/// use hallpass::token::TokenLifetimes;
///
/// let lifetimes = TokenLifetimes {
///     access: Duration::from_secs(300),
///     ..TokenLifetimes::default()
/// };
/// ```
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "with the default for the rest, a new field breaks no caller"
)]
pub struct TokenLifetimes {
    /// The lifetime of an access token. Default: 10 minutes; at most an hour.
    pub access: Duration,
    /// The lifetime of a session that is not refreshed. Default: 14 days.
    pub session_idle: Duration,
    /// The maximum lifetime of a session, even if it is refreshed. Default: 30 days (NIST SP
    /// 800-63B-4, AAL1).
    pub session_max: Duration,
    /// How long after its first exchange a refresh token still gets the same successor. Within this
    /// time, a second tab, or a client that did not receive the answer, can repeat the exchange.
    /// The request timeout is added to this time. Default: 30 s.
    ///
    /// Zero disables the grace period, and the request timeout is not added either. Every repeated
    /// use of a token then counts as theft, even if the first answer was lost or was a 503.
    pub refresh_grace: Duration,
}

impl Default for TokenLifetimes {
    fn default() -> Self {
        Self {
            access: Duration::from_secs(600),
            session_idle: Duration::from_secs(14 * 86_400),
            session_max: Duration::from_secs(30 * 86_400),
            refresh_grace: Duration::from_secs(30),
        }
    }
}

impl TokenLifetimes {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration), which names the lifetime that is out of
    /// range.
    pub(super) fn check(&self) -> Result<()> {
        let ten_years = Duration::from_secs(3650 * 86_400);
        for (name, value, min, max) in [
            (
                "access token lifetime",
                self.access,
                Duration::from_secs(1),
                MAX_LIFETIME,
            ),
            (
                "session idle time",
                self.session_idle,
                Duration::from_secs(1),
                ten_years,
            ),
            (
                "session lifetime",
                self.session_max,
                Duration::from_secs(1),
                ten_years,
            ),
            (
                "refresh grace",
                self.refresh_grace,
                Duration::ZERO,
                Duration::from_secs(300),
            ),
        ] {
            if !(min..=max).contains(&value) {
                let (min, max) = (min.as_secs(), max.as_secs());
                return Err(Error::configuration(format!(
                    "the {name} must be {min} to {max} seconds"
                )));
            }
        }
        Ok(())
    }

    /// How long after an exchange the previous token gets the same successor, as measured by the
    /// clock.
    ///
    /// The time of an exchange is the start of its request (on Postgres, plus the time that the
    /// statement waited). The exchange may be written up to a request timeout later. If a request
    /// ends with a 503 and the client retries, the exchange may already be as old as the request
    /// timeout. The rest of the period covers the network, the client's pause before the retry, and
    /// clock differences. With the defaults, a client that retries right after a 503 is therefore
    /// not treated as a thief. This holds even if the retry arrives 30 s late or the clock jumps 30
    /// s ahead. If the clock jumps back, the age is negative, and a negative age is within the
    /// grace period.
    pub(super) fn reuse_window(&self, request_timeout: Duration) -> Duration {
        if self.refresh_grace.is_zero() {
            Duration::ZERO
        } else {
            self.refresh_grace + request_timeout
        }
    }
}
