//! The settings of browser sessions.

use std::time::Duration;

use super::TokenLifetimes;
use crate::error::{Error, Result};

/// The settings of browser sessions; see [`AuthBuilder::browser`](crate::AuthBuilder::browser).
///
/// ```
/// use std::time::Duration;
/// use hallpass::token::Browser;
///
/// let browser = Browser::new().cache_for(Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Browser {
    cache_for: Duration,
}

impl Browser {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long guards that trust claims, such as [`CurrentUser`](crate::CurrentUser), accept a
    /// checked cookie without another query: at most the lifetime of access tokens. Default: zero,
    /// which queries the database for each request.
    ///
    /// A sign-out or a change of roles then takes effect after this time at those guards, as with access tokens.
    /// [`ActiveUser`](crate::ActiveUser) and the built-in endpoints always query the database. At most 10,000 sessions
    /// are cached.
    pub fn cache_for(mut self, period: Duration) -> Self {
        self.cache_for = period;
        self
    }

    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the period is too long.
    pub(crate) fn checked(self, lifetimes: &TokenLifetimes) -> Result<Option<Duration>> {
        if self.cache_for > lifetimes.access {
            return Err(Error::configuration(
                "checked browser sessions must be cached at most for the lifetime of access tokens",
            ));
        }
        let period = self.cache_for;
        Ok((!period.is_zero()).then_some(period))
    }
}
