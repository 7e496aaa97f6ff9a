//! The browser sessions that were checked recently.

use std::{fmt, sync::Arc, time::Duration};

use quick_cache::sync::Cache;

use crate::{clock::Timestamp, secret::TokenDigest, token::SessionUser};

/// The maximum number of sessions that are kept.
const MOST: usize = 10_000;

/// Browser sessions that the database has confirmed, for a short time. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CheckedSessions {
    period: Duration,
    kept: Arc<Cache<TokenDigest, Arc<(SessionUser, Timestamp)>>>,
}

impl CheckedSessions {
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            period,
            kept: Arc::new(Cache::new(MOST)),
        }
    }

    /// The session of a cookie, if it was confirmed recently and has not expired since.
    pub(super) fn find(&self, cookie: &TokenDigest, now: Timestamp) -> Option<SessionUser> {
        let kept = self.kept.get(cookie)?;
        let (session, until) = &*kept;
        (now < *until && now < session.expires_at()).then(|| session.clone())
    }

    pub(super) fn insert(&self, cookie: TokenDigest, session: &SessionUser, now: Timestamp) {
        let until = now + self.period;
        self.kept.insert(cookie, Arc::new((session.clone(), until)));
    }

    #[cfg(feature = "http")]
    pub(super) fn forget(&self, cookie: &TokenDigest) {
        self.kept.remove(cookie);
    }
}

impl fmt::Debug for CheckedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedSessions")
            .field("period", &self.period)
            .field("count", &self.kept.len())
            .finish_non_exhaustive()
    }
}
