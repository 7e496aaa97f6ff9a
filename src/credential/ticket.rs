//! The ticket that admits a caller to a password check.

use std::pin::pin;

use tokio::sync::OwnedSemaphorePermit;

use super::{Caller, CountedAttempt, FailedCheck, Hasher};
use crate::{
    admission::Permit,
    core::Core,
    error::{Error, Result},
    event::ClientInfo,
    limit::Budget,
};

/// The admission of a caller to a password check.
///
/// ```text
/// enter ──► count ──► (hash) ──► renew ──► count ──► (hash) …
/// slot       slot, permit  slot     slot, permit
/// ```
///
/// The ticket holds a slot in the hasher's queue until it is dropped, and the permit for statements until the attempt
/// is counted.
#[derive(Debug)]
pub(crate) struct CheckTicket {
    caller: Caller,
    slot: Option<OwnedSemaphorePermit>,
    permit: Option<Permit>,
}

impl CheckTicket {
    /// Admits a caller. During a flood of calls, a caller that would later get no permit is refused
    /// here, before it runs a statement.
    ///
    /// # Errors
    /// [`RateLimited`](crate::ErrorKind::RateLimited) if the client is known to call too often, or
    /// [`Overloaded`](crate::ErrorKind::Overloaded).
    pub(super) async fn enter(core: &Core, hasher: &Hasher, client: &ClientInfo) -> Result<Self> {
        core.limits.ensure_not_refused(Budget::SignIn, client)?;
        let slot = hasher.slot()?;
        Ok(Self {
            caller: Caller::default(),
            slot: Some(slot),
            permit: Some(core.limits.permit().await?),
        })
    }

    /// Lets the check outlive this caller.
    pub(crate) fn for_caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Takes a permit again, for one more check.
    ///
    /// # Errors
    /// [`Overloaded`](crate::ErrorKind::Overloaded) if no permit becomes free in time.
    pub(super) async fn renew(&mut self, core: &Core) -> Result<()> {
        if self.permit.is_none() {
            self.permit = Some(core.limits.permit().await?);
        }
        Ok(())
    }

    /// Waits until the attempt is counted, and then releases the permit. If the attempt is refused,
    /// the ticket keeps the permit until the refusal is recorded.
    ///
    /// If the caller disconnects, the queue slot is freed immediately, even while the database is counting. The
    /// attempt is then taken back.
    ///
    /// # Errors
    /// The errors of `counting`, and [`Unavailable`](crate::ErrorKind::Unavailable) if the caller
    /// has disconnected.
    pub(super) async fn count<T>(
        &mut self,
        counting: impl Future<Output = Result<Result<(T, CountedAttempt), FailedCheck>>>,
    ) -> Result<Result<(T, CountedAttempt), FailedCheck>> {
        let mut counting = pin!(counting);
        let mut gone = None;
        let counted = tokio::select! {
            biased;
            counted = &mut counting => counted,
            error = self.caller.gone() => {
                self.slot = None;
                gone = Some(error);
                counting.await
            }
        };
        let (found, attempt) = match counted? {
            Ok(counted) => counted,
            Err(failed) => return Ok(Err(failed)),
        };
        self.permit = None;
        match gone {
            None => Ok(Ok((found, attempt))),
            Some(gone) => {
                attempt.take_back().await;
                Err(gone)
            }
        }
    }

    /// Waits until the caller has disconnected.
    pub(super) async fn gone(&mut self) -> Error {
        self.caller.gone().await
    }
}
