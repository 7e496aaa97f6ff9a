use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    error::{Error, ErrorKind, Result},
    metric,
};

/// How many may wait for a turn, beside those who check a password: these have a place at the hasher.
const QUEUE: usize = 256;
/// How long anybody waits. While the database does not answer, nobody gets a turn.
const LONGEST: Duration = Duration::from_secs(2);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Lets so many strangers at once cost a statement, and the others wait, so that a flood of them leaves connections to those
/// who are signed in.
#[derive(Debug)]
pub(super) struct Turns {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// Given up when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _turn: OwnedSemaphorePermit,
    _place: Option<OwnedSemaphorePermit>,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + QUEUE)),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Overloaded`](ErrorKind::Overloaded) if none comes in time.
    pub(super) async fn take(&self) -> Result<Turn> {
        let waited = timeout(LONGEST, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = waited.map_err(|_| turned_away())?;
        Ok(Turn {
            _turn: turn.map_err(Error::internal)?,
            _place: None,
        })
    }

    /// Waits for a turn, if not too many do.
    ///
    /// # Errors
    /// [`Overloaded`](ErrorKind::Overloaded).
    pub(super) async fn take_if_room(&self) -> Result<Turn> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| turned_away())?;
        let turn = self.take().await?;
        Ok(Turn {
            _place: Some(place),
            ..turn
        })
    }
}

fn turned_away() -> Error {
    metric::no_turn();
    Error::new(ErrorKind::Overloaded).with_retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_two_seconds() {
        let turns = Turns::new(1);
        let taken = turns.take().await.expect("a turn");
        let begun = Instant::now();
        for refused in [turns.take().await, turns.take_if_room().await] {
            let refused = refused.expect_err("the turn is taken");
            assert_eq!(refused.kind(), ErrorKind::Overloaded);
        }
        assert_eq!(begun.elapsed(), 2 * LONGEST);
        drop(taken);
        turns.take_if_room().await.expect("a turn");
    }
}
