//! Values that are fetched from another service and cached.

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::{Mutex, OwnedMutexGuard, watch},
    task::JoinHandle,
};

use crate::{
    clock::{Clock, Timestamp},
    error::BoxError,
};

/// Fetches a value.
#[async_trait]
pub(crate) trait Fetch: Debug + Send + Sync + 'static {
    /// The fetched value.
    type Value: Debug + Send + Sync + 'static;

    /// Makes one attempt. `known` is the cached value, which is returned if the value has not
    /// changed.
    async fn fetch(&self, known: Option<Arc<Self::Value>>) -> Result<Arc<Self::Value>, BoxError>;
}

/// The rules for fetching a value again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// The name of the value, for logs.
    pub(crate) what: &'static str,
    /// The time limit for one attempt.
    pub(crate) timeout: Duration,
    /// How long a value is fresh.
    pub(crate) fresh: Duration,
    /// How long a stale value is used while it is fetched again. After that time, callers wait for the attempt.
    pub(crate) stale: Duration,
    /// The time between two attempts, regardless of the outcome of the first.
    pub(crate) pause: Duration,
    /// The time between two attempts while no value is cached.
    pub(crate) first_pause: Duration,
}

/// A cached value that is renewed when it is old, and stays in use if the renewal fails. Cheap to clone.
#[derive(Debug)]
pub(crate) struct Renewed<F: Fetch>(Arc<Inner<F>>);

#[derive(Debug)]
struct Inner<F: Fetch> {
    source: F,
    terms: Terms,
    clock: Arc<dyn Clock>,
    kept: watch::Sender<Option<Kept<F::Value>>>,
    /// The time at which the last attempt began. If that attempt failed while no value was cached, this is the time at
    /// which it failed. The lock is held during an attempt.
    last: Arc<Mutex<Option<Timestamp>>>,
}

#[derive(Debug)]
struct Kept<V> {
    value: Arc<V>,
    at: Timestamp,
}

impl<F: Fetch> Renewed<F> {
    pub(crate) fn new(source: F, terms: Terms, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            source,
            terms,
            clock,
            kept: watch::Sender::new(None),
            last: Arc::default(),
        }))
    }

    /// The cached value, if there is one.
    pub(crate) fn at_hand(&self) -> Option<Arc<F::Value>> {
        self.kept().map(|(value, _)| value)
    }

    /// The value, renewed if it is old; `None` if it could never be fetched.
    pub(crate) async fn value(&self) -> Option<Arc<F::Value>> {
        let Some((value, at)) = self.kept() else {
            self.refetch().await;
            return self.at_hand();
        };
        let (now, terms) = (self.0.clock.now(), self.0.terms);
        if within(at, now, terms.fresh) {
            return Some(value);
        }
        // One caller fetches; the others do not wait for it.
        let attempt = Arc::clone(&self.0.last).try_lock_owned().ok();
        let attempt = attempt.and_then(|last| self.attempt(last));
        match attempt {
            Some(attempt) if !within(at, now, terms.stale) => {
                self.finish(attempt).await;
                self.at_hand()
            }
            _ => Some(value),
        }
    }

    /// Waits for a running attempt, if there is one, and then begins an attempt if it is due.
    pub(crate) async fn refetch(&self) {
        let last = Arc::clone(&self.0.last).lock_owned().await;
        if let Some(attempt) = self.attempt(last) {
            self.finish(attempt).await;
        }
    }

    fn kept(&self) -> Option<(Arc<F::Value>, Timestamp)> {
        let kept = self.0.kept.borrow();
        kept.as_ref().map(|kept| (Arc::clone(&kept.value), kept.at))
    }

    /// Begins an attempt, unless the last one is too recent. The attempt runs in its own task, so
    /// that a caller that disconnects does not end the attempt for other callers.
    fn attempt(&self, mut last: OwnedMutexGuard<Option<Timestamp>>) -> Option<JoinHandle<()>> {
        let (now, terms) = (self.0.clock.now(), self.0.terms);
        let pause = match self.at_hand() {
            Some(_) => terms.pause,
            None => terms.first_pause,
        };
        if last.is_some_and(|last| within(last, now, pause)) {
            return None;
        }
        *last = Some(now);
        let renewed = self.clone();
        Some(tokio::spawn(async move {
            if let Err(error) = renewed.renew(now).await {
                let at_hand = renewed.at_hand().is_some();
                let what = terms.what;
                tracing::warn!(error = &*error, at_hand, "{what} could not be fetched");
                if !at_hand {
                    // Without this, a caller that waited for this attempt would immediately try
                    // again.
                    *last = Some(renewed.0.clock.now());
                }
            }
            drop(last);
        }))
    }

    async fn renew(&self, now: Timestamp) -> Result<(), BoxError> {
        let fetching = self.0.source.fetch(self.at_hand());
        let value = tokio::time::timeout(self.0.terms.timeout, fetching).await??;
        self.0.kept.send_replace(Some(Kept { value, at: now }));
        Ok(())
    }

    async fn finish(&self, attempt: JoinHandle<()>) {
        if let Err(error) = attempt.await {
            let what = self.0.terms.what;
            tracing::error!(%error, "fetching {what} broke off");
        }
    }
}

impl<F: Fetch> Clone for Renewed<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Whether less than this time has passed. Returns `false` if the clock was set back, so that the
/// next fetch is not delayed.
fn within(since: Timestamp, now: Timestamp, time: Duration) -> bool {
    (now - since).to_std().is_ok_and(|gone| gone < time)
}
