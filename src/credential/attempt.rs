//! A counted password attempt.

use super::FailedCheck;
use crate::{
    admission::{Attempt, Counted, Limits, Locked},
    error::Result,
    event::ClientInfo,
    limit::LimitKey,
    metric,
};

/// A password attempt, which is counted before the password is checked. It ends in one of three ways: it stays counted
/// as a failure, [`take_back`](Self::take_back) removes it from the counter, or [`clear`](Self::clear) removes it
/// together with all earlier failures.
#[derive(Clone, Debug)]
pub(crate) struct CountedAttempt {
    limits: Limits,
    counted: Counted,
}

impl CountedAttempt {
    /// Counts a client's attempt for the address or, if the device is known, for that device only.
    ///
    /// # Errors
    /// [`RateLimited`](crate::ErrorKind::RateLimited) if the client calls too often;
    /// [`Unavailable`](crate::ErrorKind::Unavailable).
    pub(super) async fn count(
        limits: &Limits,
        canonical: &str,
        device: Option<&[u8]>,
        client: &ClientInfo,
    ) -> Result<Result<Self, FailedCheck>> {
        let attempt = limits.attempt(canonical, device, client).await?;
        if let (Attempt::Locked(_), Some(_)) = (&attempt, device) {
            // The attempt is counted against the account instead, so that lifting the account's
            // lockout takes effect on every device.
            return Self::count_on_account(limits, canonical).await;
        }
        Ok(Self::of(limits, attempt))
    }

    /// Counts an attempt against an address. The client's call has already been counted.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable).
    pub(super) async fn count_on_account(
        limits: &Limits,
        canonical: &str,
    ) -> Result<Result<Self, FailedCheck>> {
        let attempt = limits.attempt_on_account(canonical).await?;
        Ok(Self::of(limits, attempt))
    }

    fn of(limits: &Limits, attempt: Attempt) -> Result<Self, FailedCheck> {
        match attempt {
            Attempt::Counted(counted) => Ok(Self {
                limits: limits.clone(),
                counted,
            }),
            Attempt::Locked(locked) => Err(refused(locked)),
        }
    }

    /// An attempt that is not counted, because attempts with the presented credential are not limited.
    pub(crate) fn uncounted(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            counted: Counted::default(),
        }
    }

    /// Whether the attempt was counted against a known device instead of the account.
    pub(crate) fn is_on_device(&self) -> bool {
        self.counted.on_device
    }

    /// Whether the account owner is notified if the attempt fails.
    pub(super) fn is_notified(&self) -> bool {
        self.counted.is_notified
    }

    /// Removes an attempt from the counter, because no password was checked. If the write fails, the only effect
    /// is that the user may have to wait longer.
    pub(crate) async fn take_back(self) {
        if let Err(error) = self.limits.refund(self.counted).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "an attempt that led to no check cannot be taken back"
            );
        }
    }

    /// Clears the counter after a correct password.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable).
    pub(crate) async fn clear(self) -> Result<()> {
        self.limits.clear(self.counted).await
    }

    /// The counter that the store clears in the statement that opens a session. If this is `None`,
    /// [`cleared`](Self::cleared) clears the counter.
    pub(crate) fn cleared_counter(&self) -> Option<LimitKey> {
        self.limits.cleared_with(self.counted)
    }

    /// Clears the counter after the session is open, if the counter is not kept in the store.
    pub(crate) async fn cleared(self) {
        self.limits.clear_after(self.counted).await;
    }
}

/// The failed check for an attempt that was refused because of too many earlier failures.
fn refused(locked: Locked) -> FailedCheck {
    metric::locked();
    FailedCheck::locked(locked)
}
