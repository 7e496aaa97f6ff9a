//! The time by which a request must be answered:
//! [`AuthBuilder::request_timeout`](crate::AuthBuilder::request_timeout).
//!
//! A store does not begin a write that could be committed after the deadline, so that nothing is
//! committed after a 503. The stores of this crate check the deadline themselves; a host's own
//! store has to check [`Deadline::current`]. A failed sign-in is recorded even after the deadline.

use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Deadline;
}

/// The time at which the caller gets a 503. Work outside a request has no deadline.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deadline(Option<Timeout>);

#[derive(Clone, Copy, Debug)]
struct Timeout {
    at: Instant,
    whole: Duration,
}

impl Deadline {
    /// A deadline at this instant, for a request whose full timeout is `whole`. The endpoints of
    /// this crate set a deadline themselves. A host that calls a use case in process can set one
    /// that matches its own timeout.
    #[must_use]
    pub fn at(at: Instant, whole: Duration) -> Self {
        Self(Some(Timeout { at, whole }))
    }

    /// The deadline of the request that this task answers. A task that this task spawns has no deadline.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use hallpass::{error::StoreError, deadline::Deadline};
    ///
    /// const STATEMENT_TIMEOUT: Duration = Duration::from_secs(3);
    ///
    /// fn ensure_in_time() -> Result<(), StoreError> {
    ///     if Deadline::current().allows(STATEMENT_TIMEOUT) {
    ///         Ok(())
    ///     } else {
    ///         Err(StoreError::Unavailable("too little time is left".into()))
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn current() -> Self {
        DEADLINE.try_with(|deadline| *deadline).unwrap_or_default()
    }

    /// Runs work under this deadline.
    pub async fn bind<F: Future>(self, work: F) -> F::Output {
        DEADLINE.scope(self, work).await
    }

    /// Whether a write that takes at most this long would end before the deadline. A duration above
    /// three tenths of the whole timeout counts as three tenths. Otherwise, a request with a short
    /// timeout could not write at all.
    #[must_use]
    pub fn allows(self, write: Duration) -> bool {
        self.0.is_none_or(|Timeout { at, whole }| {
            let left = at.saturating_duration_since(Instant::now());
            left > write.min(whole * 3 / 10)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::Deadline;

    const SECOND: Duration = Duration::from_secs(1);

    fn of_ten_seconds() -> Deadline {
        let whole = 10 * SECOND;
        Deadline::at(Instant::now() + whole, whole)
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_allows_only_what_ends_before_it() {
        let deadline = of_ten_seconds();
        advance(7 * SECOND).await;
        assert!(deadline.allows(2 * SECOND));
        advance(SECOND).await;
        assert!(!deadline.allows(2 * SECOND));
        assert!(deadline.allows(Duration::ZERO));
        advance(2 * SECOND).await;
        assert!(!deadline.allows(Duration::ZERO));
        assert!(Deadline::default().allows(Duration::MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_beyond_the_timeout_needs_three_tenths_of_it() {
        let deadline = of_ten_seconds();
        assert!(deadline.allows(60 * SECOND));
        advance(7 * SECOND).await;
        assert!(!deadline.allows(60 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_not_inherited_by_a_spawned_task() {
        let work = async {
            assert!(!Deadline::current().allows(3 * SECOND));
            tokio::spawn(async { Deadline::current().allows(3 * SECOND) }).await
        };
        let deadline = of_ten_seconds();
        advance(7 * SECOND).await;
        assert!(deadline.bind(work).await.unwrap());
        assert!(Deadline::current().allows(3 * SECOND));
    }
}
