//! The caller for whom a password is checked.

use std::{convert::Infallible, future::pending};

use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
};

/// A caller that waits for an answer, and may disconnect.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    here: Option<oneshot::Receiver<Infallible>>,
    deadline: Deadline,
}

impl Caller {
    /// Runs work to completion, even if the caller disconnects, because a disconnect must not
    /// prevent an attempt from being counted and recorded. The work can check through its `Caller`
    /// whether the caller has disconnected.
    pub(crate) async fn outlived<T, F>(work: impl FnOnce(Self) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (here, gone) = oneshot::channel();
        let caller = Self {
            here: Some(gone),
            deadline: Deadline::current(),
        };
        let done = tokio::spawn(work(caller).in_current_span()).await;
        drop(here);
        done.unwrap_or_else(|error| Err(Error::internal(error)))
    }

    /// Waits until the caller has disconnected, so that no caller receives the returned error. Outside
    /// [`outlived`](Self::outlived), this method waits forever, because the work is dropped together with the caller.
    pub(super) async fn gone(&mut self) -> Error {
        match &mut self.here {
            Some(here) => match here.await {
                Ok(never) => match never {},
                Err(gone) => Error::new(ErrorKind::Unavailable).with_source(gone),
            },
            None => pending().await,
        }
    }

    /// Runs work that only the caller needs. The work writes nothing after the caller has received a 503.
    pub(crate) async fn in_time<F: Future>(&self, work: F) -> F::Output {
        self.deadline.bind(work).await
    }
}
