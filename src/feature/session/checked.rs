//! The claims of browser sessions that were checked recently.

use std::{fmt, sync::Arc, time::Duration};

use quick_cache::sync::Cache;

use crate::{clock::Timestamp, secret::TokenDigest, token::CurrentUser};

/// The maximum number of sessions that are kept.
const MOST: usize = 10_000;

/// Callers whose cookie the database has confirmed, for a short time. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CheckedSessions {
    period: Duration,
    kept: Arc<Cache<TokenDigest, (CurrentUser, Timestamp)>>,
}

impl CheckedSessions {
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            period,
            kept: Arc::new(Cache::new(MOST)),
        }
    }

    /// The caller with this cookie, if it was confirmed recently and has not expired since.
    pub(super) fn find(&self, cookie: &TokenDigest, now: Timestamp) -> Option<CurrentUser> {
        let (caller, until) = self.kept.get(cookie)?;
        (now < until && now < caller.expires_at()).then_some(caller)
    }

    pub(super) fn insert(&self, cookie: TokenDigest, caller: &CurrentUser, now: Timestamp) {
        self.kept
            .insert(cookie, (caller.clone(), now + self.period));
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
