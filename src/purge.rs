//! Deleting expired data: ended sessions, expired one-time tokens, flows and counters, and events past their retention.
//!
//! ```text
//! run ── every hour ──> purge ── batch after batch of 500 ──> sessions, one-time tokens, events, limits, flows,
//!                                                   challenges, devices
//! ```
//!
//! A session or token is deleted an hour after its end, so that an instance whose clock is ahead does not delete a live
//! session.

use std::{error::Error as StdError, future::Future, pin::pin, sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::time;

use crate::{
    clock::Clock,
    error::{Error, ErrorKind, Result, StoreError},
    secret::random_bytes,
    store::{PurgeBatch, PurgeStore},
};

/// How long events are kept, unless set otherwise.
pub(crate) const DEFAULT_EVENT_RETENTION: Duration = Duration::from_secs(90 * 86_400);
const MAX_EVENT_RETENTION: Duration = Duration::from_secs(3650 * 86_400);
/// The number of rows that one statement reads.
const BATCH: u32 = 500;
/// The maximum difference between two clocks.
const SKEW: TimeDelta = TimeDelta::hours(1);
/// How long one batch may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause before the first run. It is short, so that a process purges even if it often restarts.
const FIRST: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(3600);

/// Purges the data that has expired. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Purges {
    store: Arc<dyn PurgeStore>,
    clock: Arc<dyn Clock>,
    event_retention: Duration,
}

/// How many rows a purge deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purged {
    /// Sessions that had been ended or had expired.
    pub sessions: u64,
    /// One-time tokens that had expired, used or not.
    pub one_time_tokens: u64,
    /// Events older than the retention.
    pub events: u64,
    /// Expired limit counters.
    pub limits: u64,
    /// Provider sign-in flows that were finished or had expired.
    pub flows: u64,
    /// Expired challenges, used or not.
    pub challenges: u64,
    /// Remembered devices that had expired.
    pub devices: u64,
}

impl Purges {
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) if the retention period is out of range.
    pub(crate) fn new(
        store: Arc<dyn PurgeStore>,
        clock: Arc<dyn Clock>,
        event_retention: Duration,
    ) -> Result<Self> {
        let range = Duration::from_secs(1)..=MAX_EVENT_RETENTION;
        if !range.contains(&event_retention) {
            let max = MAX_EVENT_RETENTION.as_secs();
            return Err(Error::configuration(format!(
                "the event retention must be 1 to {max} seconds"
            )));
        }
        Ok(Self {
            store,
            clock,
            event_retention,
        })
    }

    /// Purges once.
    pub(crate) async fn purge(&self) -> Result<Purged> {
        let store = &self.store;
        let now = self.clock.now();
        let (ended, kept_from) = (now - SKEW, now - self.event_retention);
        Ok(Purged {
            sessions: each_batch(|after| store.purge_sessions(ended, after, BATCH)).await?,
            one_time_tokens: each_batch(|after| store.purge_one_time(ended, after, BATCH)).await?,
            events: each_batch(|after| store.purge_events(kept_from, after, BATCH)).await?,
            limits: each_batch(|after| store.purge_limits(ended, after, BATCH)).await?,
            flows: each_batch(|after| store.purge_flows(ended, after, BATCH)).await?,
            challenges: each_batch(|after| store.purge_challenges(ended, after, BATCH)).await?,
            devices: each_batch(|after| store.purge_devices(ended, after, BATCH)).await?,
        })
    }

    /// Purges every hour, at a different time in each process, until `shutdown`. A database failure does not stop the
    /// loop.
    pub(crate) async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut pause = jittered(FIRST);
        loop {
            // It is safe to cancel a purge halfway, because each batch is complete by itself.
            let purged = async {
                time::sleep(pause).await;
                self.purge().await
            };
            let purged = tokio::select! {
                biased;
                () = &mut shutdown => return,
                purged = purged => purged,
            };
            match purged {
                Ok(purged) => tracing::debug!(?purged, "purged"),
                Err(error) => {
                    let error = &error as &dyn StdError;
                    tracing::error!(error, "the purge failed; it is tried again in an hour");
                }
            }
            pause = jittered(EVERY);
        }
    }
}

/// Runs all batches, and returns how many rows they deleted.
async fn each_batch<P, F>(mut batch: impl FnMut(Option<P>) -> F) -> Result<u64>
where
    F: Future<Output = Result<PurgeBatch<P>, StoreError>> + Send,
{
    let (mut deleted, mut after) = (0, None);
    loop {
        let done = match time::timeout(PATIENCE, batch(after)).await {
            Ok(done) => done?,
            Err(elapsed) => return Err(Error::new(ErrorKind::Unavailable).with_source(elapsed)),
        };
        deleted += done.deleted;
        match done.next {
            Some(last) => after = Some(last),
            None => return Ok(deleted),
        }
    }
}

/// A random time between three quarters and five quarters of the interval.
fn jittered(pause: Duration) -> Duration {
    let [random] = random_bytes::<1>();
    pause * 3 / 4 + pause * u32::from(random) / 510
}
