//! The settings of browser sessions.

use std::time::Duration;

use super::CheckedSessions;
use crate::{
    error::{Error, Result},
    token::TokenLifetimes,
};

/// The settings of browser sessions; see [`AuthBuilder::browser`](crate::AuthBuilder::browser).
///
/// ```
/// use std::time::Duration;
/// use hallpass::session::Browser;
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

    /// How long a checked session is accepted without another query, at most the lifetime of access
    /// tokens. Default: zero, which asks the database at each request.
    ///
    /// A sign-out ends the cookie on this instance at once. Other instances, and other ways of
    /// ending a session, take effect after this time, as with access tokens. At most 10,000 sessions
    /// are kept.
    pub fn cache_for(mut self, period: Duration) -> Self {
        self.cache_for = period;
        self
    }

    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the period is too long.
    pub(crate) fn checked(self, lifetimes: &TokenLifetimes) -> Result<Option<CheckedSessions>> {
        if self.cache_for > lifetimes.access {
            return Err(Error::configuration(
                "checked browser sessions must be cached at most for the lifetime of access tokens",
            ));
        }
        let period = self.cache_for;
        Ok((!period.is_zero()).then(|| CheckedSessions::new(period)))
    }
}
