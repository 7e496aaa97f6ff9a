//! Hook errors: refusals and failures.

use std::{error::Error as StdError, time::Duration};

use crate::error::{BoxError, Error, ErrorKind, Refusal};

/// The error of a hook: a refusal or a failure.
///
/// `?` turns a [`Refusal`] into a refusal, and any other error into a failure. A refusal reaches
/// the client unchanged. A failure is answered with 503. The text of a failure goes only to the
/// log, and must contain no secret.
#[derive(Debug)]
pub struct HookError(Kind);

#[derive(Debug)]
enum Kind {
    Failed(BoxError),
    Refused(Refusal),
}

impl HookError {
    /// A failure with this source, which can be any error or a message.
    pub fn failed(source: impl Into<BoxError>) -> Self {
        Self(Kind::Failed(source.into()))
    }
}

impl From<Refusal> for HookError {
    fn from(refusal: Refusal) -> Self {
        Self(Kind::Refused(refusal))
    }
}

// `HookError` must not implement `Error`. If it did, `?` would turn a refusal into a failure by this conversion.
impl<E: StdError + Send + Sync + 'static> From<E> for HookError {
    fn from(error: E) -> Self {
        Self::failed(error)
    }
}

/// The reason why a hook did not complete.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the hook {0} failed")]
    Failed(&'static str, #[source] BoxError),
    #[error("the hook {0} panicked")]
    Panicked(&'static str),
    #[error("the hook {0} took too long")]
    TimedOut(&'static str),
}

impl Fault {
    pub(super) fn of(moment: &'static str, error: HookError) -> Error {
        match error.0 {
            Kind::Refused(refusal) => refusal.into(),
            Kind::Failed(source) => Self::Failed(moment, source).into(),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Panicked(_) => Self::internal(fault),
            Fault::Failed(..) | Fault::TimedOut(_) => Self::new(ErrorKind::Unavailable)
                .with_retry_after(Duration::from_secs(1))
                .with_source(fault),
        }
    }
}
