//! Database permits for unauthenticated callers, and the queue for the permits.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    error::{Error, ErrorKind, Result},
    metric,
};

/// The length of the queue for permits. Callers that check a password hold a slot in the hasher's queue instead.
const QUEUE: usize = 256;
/// The maximum wait for a permit. While the database is not responding, no permits are released.
const MAX_WAIT: Duration = Duration::from_secs(2);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Limits how many unauthenticated callers run a statement at the same time. Further callers wait,
/// so that connections stay free for signed-in users during a flood of unauthenticated calls.
#[derive(Debug)]
pub(super) struct Permits {
    permits: Arc<Semaphore>,
    slots: Arc<Semaphore>,
}

/// A database permit, which is released when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Permits {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(at_once)),
            slots: Arc::new(Semaphore::new(at_once + QUEUE)),
        }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// [`Overloaded`](ErrorKind::Overloaded) if no permit becomes free in time.
    pub(super) async fn take(&self) -> Result<Permit> {
        let permit = timeout(MAX_WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| turned_away())?;
        Ok(Permit {
            _permit: permit.map_err(Error::internal)?,
            _slot: None,
        })
    }

    /// Waits for a permit, unless too many callers are already waiting.
    ///
    /// # Errors
    /// [`Overloaded`](ErrorKind::Overloaded).
    pub(super) async fn take_if_room(&self) -> Result<Permit> {
        let slot = Arc::clone(&self.slots)
            .try_acquire_owned()
            .map_err(|_| turned_away())?;
        let permit = self.take().await?;
        Ok(Permit {
            _slot: Some(slot),
            ..permit
        })
    }
}

fn turned_away() -> Error {
    metric::no_permit();
    Error::new(ErrorKind::Overloaded).with_retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn callers_wait_two_seconds_at_most() {
        let permits = Permits::new(1);
        let taken = permits.take().await.expect("a permit");
        let begun = Instant::now();
        for refused in [permits.take().await, permits.take_if_room().await] {
            let refused = refused.expect_err("the permit is taken");
            assert_eq!(refused.kind(), ErrorKind::Overloaded);
        }
        assert_eq!(begun.elapsed(), 2 * MAX_WAIT);
        drop(taken);
        permits.take_if_room().await.expect("a permit");
    }
}
