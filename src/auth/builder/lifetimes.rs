//! Builder settings for how long requests and sessions last, and how many sessions a user may have.

use std::{num::NonZeroU32, time::Duration};

use super::AuthBuilder;
use crate::{
    error::{Error, Result},
    token::{Browser, TokenLifetimes},
};

pub(super) const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_REQUEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// The settings for sessions.
#[derive(Clone, Copy, Debug)]
pub(in crate::auth) struct SessionSettings {
    per_user: u32,
    pub(in crate::auth) browser: Browser,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            per_user: 100,
            browser: Browser::default(),
        }
    }
}

impl SessionSettings {
    /// The maximum number of live sessions per user.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the number is 0.
    pub(in crate::auth) fn at_most(&self) -> Result<NonZeroU32> {
        NonZeroU32::new(self.per_user)
            .ok_or_else(|| Error::configuration("a user must be allowed at least one session"))
    }
}

impl AuthBuilder {
    /// How long tokens and sessions are valid.
    #[doc(alias = "access_ttl")]
    #[doc(alias = "session_lifetime")]
    pub fn lifetimes(mut self, lifetimes: TokenLifetimes) -> Self {
        self.lifetimes = lifetimes;
        self
    }

    /// The time limit for one request, at most an hour. Over HTTP, a request that takes longer is answered with 503.
    /// Default: 10 seconds.
    ///
    /// The timeout also extends the grace period of refresh tokens; see
    /// [`refresh_grace`](TokenLifetimes::refresh_grace). If the host calls the use cases in process
    /// with its own timeout, set that timeout here.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// The maximum number of live sessions per user; it must be at least 1. If a user opens one more, the least
    /// recently used session ends. Default: 100.
    pub fn sessions_per_user(mut self, most: u32) -> Self {
        self.sessions.per_user = most;
        self
    }

    /// The settings for browser sessions.
    pub fn browser(mut self, browser: Browser) -> Self {
        self.sessions.browser = browser;
        self
    }

    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the request timeout is out of range.
    pub(in crate::auth) fn check_request_timeout(&self) -> Result<()> {
        if self.request_timeout.is_zero() || self.request_timeout > MAX_REQUEST_TIMEOUT {
            return Err(Error::configuration(
                "the request timeout must be above zero and at most an hour",
            ));
        }
        Ok(())
    }
}
