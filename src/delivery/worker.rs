use std::{error::Error as StdError, future::Future, pin::pin, time::Duration};

use chrono::TimeDelta;
use tokio::{
    task::{JoinError, JoinSet},
    time,
};

use super::Deliveries;
use crate::{error::Result, mail::ClaimedIntent};

/// Well above what one mail takes: the timeout of the mailer and a few statements.
const LEASE: TimeDelta = TimeDelta::seconds(30);
const MAX_AT_ONCE: usize = 16;
/// For orders of other instances, and those that are due again.
const POLL: Duration = Duration::from_secs(1);
const LAST_CALL: Duration = Duration::from_secs(5);

impl Deliveries {
    /// One pass: claims what is due, up to 16 mails, and delivers them at the same time. Returns how many were
    /// claimed.
    ///
    /// # Errors
    /// If the outbox cannot be read. What fails for one mail is logged, and noted on it.
    pub(crate) async fn deliver(&self) -> Result<usize> {
        let claimed = self.claim(MAX_AT_ONCE).await?;
        let count = claimed.len();
        let mut under_way = JoinSet::new();
        self.start(claimed, &mut under_way);
        while let Some(done) = under_way.join_next().await {
            log_panic(done);
        }
        Ok(count)
    }

    /// Delivers until `shutdown`, then gives the mails under way 5 more seconds. A mail that takes its time holds no
    /// other up. Outlives faults of the database: the next look is a second later.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut under_way = JoinSet::new();
        loop {
            let free = MAX_AT_ONCE.saturating_sub(under_way.len());
            let mut is_full = free == 0;
            if free > 0 {
                // To drop a claim half way is safe: its leases end.
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
            tracing::warn!("mails under way were left to the next start");
        }
    }

    async fn claim(&self, limit: usize) -> Result<Vec<ClaimedIntent>> {
        let parts = &self.0.parts;
        let now = parts.clock.now();
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Ok(parts.store.claim(now, now + LEASE, limit).await?)
    }

    fn start(&self, claimed: Vec<ClaimedIntent>, under_way: &mut JoinSet<()>) {
        for claimed in claimed {
            let deliveries = self.clone();
            under_way.spawn(async move { deliveries.deliver_one(&claimed).await });
        }
    }
}

fn log_panic(done: Result<(), JoinError>) {
    if let Err(error) = done {
        tracing::error!(error = &error as &dyn StdError, "a delivery failed");
    }
}
