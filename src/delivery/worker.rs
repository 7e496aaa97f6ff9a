//! The worker that delivers the outbox.

use std::{error::Error as StdError, future::Future, pin::pin, sync::PoisonError, time::Duration};

use chrono::TimeDelta;
use tokio::{
    task::{JoinError, JoinSet},
    time,
};

use super::Deliveries;
use crate::{
    error::{Error, ErrorKind, Result},
    mail::{Claims, IntentId},
};

/// The duration of a lease, well above the time for one email: the mailer's timeout and a few statements.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long a claim or a whole delivery may take. Without this limit, a database that hangs could stop email delivery
/// forever.
const PATIENCE: Duration = Duration::from_secs(28);
const TIDY: TimeDelta = TimeDelta::hours(1);
const KEEP_DEAD: TimeDelta = TimeDelta::days(7);
/// The period that a budget covers.
const KEEP_BUDGETS: TimeDelta = TimeDelta::hours(1);
const MAX_AT_ONCE: usize = 16;
/// The interval between checks for emails that other instances queued, and for emails that are due again.
const POLL: Duration = Duration::from_secs(1);
const LAST_CALL: Duration = Duration::from_secs(5);

impl Deliveries {
    /// Delivers all due emails, 16 at a time. Returns how many were claimed.
    ///
    /// # Errors
    /// If the outbox cannot be read. If an email fails, the failure is logged and recorded with the email.
    pub(crate) async fn deliver(&self) -> Result<usize> {
        let mut count = 0;
        self.0.watch.sends();
        self.tidy().await;
        loop {
            let claimed = self.claim(MAX_AT_ONCE).await?;
            if claimed.is_empty() {
                return Ok(count);
            }
            count += claimed.len();
            let mut under_way = JoinSet::new();
            self.start(claimed, &mut under_way);
            while let Some(done) = under_way.join_next().await {
                log_panic(done);
            }
        }
    }

    /// Delivers until `shutdown`, and then waits up to 5 more seconds for the emails that are being
    /// sent. A slow email delays no other email. After a database failure, the worker checks again
    /// a second later.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut under_way = JoinSet::new();
        self.0.watch.sends();
        self.0.outage.suspect(self.0.parts.clock.now());
        loop {
            self.tidy().await;
            let free = MAX_AT_ONCE.saturating_sub(under_way.len());
            let mut is_full = free == 0;
            if free > 0 {
                // It is safe to cancel a claim halfway, because its leases expire.
                let claimed = tokio::select! {
                    biased;
                    () = &mut shutdown => break,
                    claimed = self.claim(free) => claimed,
                };
                match claimed {
                    Ok(claimed) => {
                        is_full = claimed.len() == free;
                        self.start(claimed, &mut under_way);
                    }
                    Err(error) => {
                        let error = &error as &dyn StdError;
                        tracing::error!(error, "the outbox cannot be read");
                    }
                }
            }
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(done) = under_way.join_next(), if is_full => log_panic(done),
                () = self.0.ordered.notified(), if !is_full => {}
                () = time::sleep(POLL), if !is_full => {}
            }
            while let Some(done) = under_way.try_join_next() {
                log_panic(done);
            }
        }
        let drain = async {
            while let Some(done) = under_way.join_next().await {
                log_panic(done);
            }
        };
        if time::timeout(LAST_CALL, drain).await.is_err() {
            tracing::warn!(
                "emails in flight were cut off; they are tried again when their leases expire"
            );
        }
    }

    /// Purges the store, once an hour.
    async fn tidy(&self) {
        let parts = &self.0.parts;
        let now = parts.clock.now();
        {
            let mut last = self
                .0
                .tidied_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| now - last < TIDY) {
                return;
            }
            *last = Some(now);
        }
        let purge = parts.store.purge_mail(now - KEEP_DEAD, now - KEEP_BUDGETS);
        match time::timeout(PATIENCE, purge).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(
                    error = &error as &dyn StdError,
                    "the outbox cannot be purged"
                );
            }
            Err(_) => tracing::error!("purging the outbox takes too long"),
        }
    }

    /// Claims the due emails. If there are none, and it is time to test a failing mailer, claims
    /// one of the waiting emails.
    async fn claim(&self, limit: usize) -> Result<Claims> {
        let claims = in_patience(self.claim_due(limit)).await?;
        if claims.is_empty() && in_patience(self.probe()).await? {
            return in_patience(self.claim_due(limit)).await;
        }
        Ok(claims)
    }

    async fn claim_due(&self, limit: usize) -> Result<Claims> {
        let parts = &self.0.parts;
        let now = parts.clock.now();
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Ok(parts.store.claim(now, now + LEASE, limit).await?)
    }

    fn start(&self, claims: Claims, under_way: &mut JoinSet<()>) {
        for claimed in claims.intents {
            let deliveries = self.clone();
            under_way.spawn(async move {
                in_time(claimed.intent.id, deliveries.deliver_one(&claimed)).await;
            });
        }
        for unreadable in claims.unreadable {
            let deliveries = self.clone();
            under_way.spawn(async move {
                in_time(unreadable.id, deliveries.put_off_unreadable(&unreadable)).await;
            });
        }
    }
}

async fn in_patience<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(elapsed) => Err(Error::new(ErrorKind::Unavailable).with_source(elapsed)),
    }
}

async fn in_time(id: IntentId, delivery: impl Future<Output = ()> + Send) {
    if time::timeout(PATIENCE, delivery).await.is_err() {
        tracing::error!(%id, "a delivery got stuck; it is tried again when its lease expires");
    }
}

fn log_panic(done: Result<(), JoinError>) {
    if let Err(error) = done {
        tracing::error!(error = &error as &dyn StdError, "a delivery failed");
    }
}
