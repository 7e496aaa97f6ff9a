//! The caller that a password check works for.

use std::{convert::Infallible, future::pending};

use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind, Result},
};

/// Who waits for an answer, and may go away.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    here: Option<oneshot::Receiver<Infallible>>,
    deadline: Deadline,
}

impl Caller {
    /// Does something to its end, even if the caller goes away: whoever hangs up is not to keep it from being counted and
    /// written down. What is done is told when the caller has gone.
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

    /// Waits until the caller has gone; nobody is told of the error. Who does something by themselves, and not by
    /// [`outlived`](Self::outlived), is never gone: what they wait for goes with them.
    pub(super) async fn gone(&mut self) -> Error {
        match &mut self.here {
            Some(here) => match here.await {
                Ok(never) => match never {},
                Err(gone) => Error::new(ErrorKind::Unavailable).with_source(gone),
            },
            None => pending().await,
        }
    }

    /// Runs what only the caller has a use for, and writes nothing once the caller got a 503.
    pub(crate) async fn in_time<F: Future>(&self, work: F) -> F::Output {
        self.deadline.bind(work).await
    }
}
