//! Background work: sending emails, purging data, fetching provider keys, and waiting for hooks and sinks.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::Auth;
use crate::{error::Result, purge::Purged};

/// How long to wait before work that panicked is restarted.
const RESTART: Duration = Duration::from_secs(1);

impl Auth {
    /// Does all background work: [sends](Self::run_mail) emails, [deletes](Self::run_purge) expired
    /// data, and fetches the endpoints and keys of [providers](crate::oauth). Spawn it once per
    /// process; any number of processes share the work.
    ///
    /// When `shutdown` completes, emails in flight get 5 more seconds. After that, `run` waits
    /// until the [hooks](Self::finish_hooks) have ended and the [sinks](Self::flush_events) have
    /// received all events so far. This wait can be long, so set your own time limit.
    ///
    /// If one of these tasks panics, for example in a host's clock or store, the panic is logged
    /// and the task is restarted a second later. The other tasks keep running.
    ///
    /// ```no_run
    /// # async fn serve(auth: hallpass::Auth, stop: impl Future<Output = ()> + Send + 'static) {
    /// let background = tokio::spawn({
    ///     let auth = auth.clone();
    ///     async move { auth.run(stop).await }
    /// });
    /// # }
    /// ```
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopped) = watch::channel(());
        let stopped = || {
            let mut stopped = stopped.clone();
            // Nothing is sent over the channel. Dropping the sender is the signal.
            async move { drop(stopped.changed().await) }
        };
        let until_then = async {
            shutdown.await;
            drop(stop);
        };
        #[cfg(feature = "oauth")]
        let providers = restarting("providers", stopped, || self.run_providers(stopped()));
        #[cfg(not(feature = "oauth"))]
        let providers = async {};
        tokio::join!(
            until_then,
            restarting("mail", stopped, || self.run_mail(stopped())),
            restarting("purge", stopped, || self.run_purge(stopped())),
            providers
        );
        self.finish_hooks().await;
        self.flush_events().await;
    }

    /// Spawns [`run`](Self::run) on the current tokio runtime. If the returned handle is dropped,
    /// the work continues until the runtime ends.
    ///
    /// ```no_run
    /// # async fn serve(auth: hallpass::Auth) {
    /// let background = auth.spawn();
    /// // ... serve requests until the process should stop ...
    /// background.stop(std::time::Duration::from_secs(10)).await;
    /// # }
    /// ```
    ///
    /// # Panics
    /// If it is called outside a tokio runtime.
    pub fn spawn(&self) -> Background {
        let (stop, stopped) = oneshot::channel::<()>();
        let auth = self.clone();
        let running = tokio::spawn(async move {
            let shutdown = async {
                if stopped.await.is_err() {
                    // The handle was dropped, so the work can no longer be stopped.
                    std::future::pending::<()>().await;
                }
            };
            auth.run(shutdown).await;
        });
        Background { stop, running }
    }

    /// Sends emails as they become due, until `shutdown` completes. Spawn it once per process; any
    /// number of processes share the work.
    pub async fn run_mail(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let deliveries = self.parts.core.deliveries.clone();
        tokio::select! {
            () = self.prepare() => {
                deliveries.run(shutdown).await;
            }
            () = &mut shutdown => (),
        }
    }

    /// Prepares the work of a process as far as the database can be reached.
    async fn prepare(&self) {
        let core = &self.parts.core;
        if let Err(error) = core.limits.prepare().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the key for limits could not be read; the first use tries again"
            );
        }
        let keys = core.tokens.keys().ids();
        if let Err(error) = core.store.note_keys(&keys, core.clock.now()).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the first use of a signing key could not be recorded"
            );
        }
    }

    /// Sends all emails that are due, and returns how many were due. Call it in tests, or from one of the host's
    /// scheduled jobs.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) while the database is unreachable. An email
    /// that cannot be sent is not an error; it is retried later.
    pub async fn deliver_mail(&self) -> Result<usize> {
        self.parts.core.limits.prepare().await?;
        self.parts.core.deliveries.deliver().await
    }

    /// [Purges](Self::purge) about every hour, until `shutdown` completes. Spawn it once per process.
    pub async fn run_purge(&self, shutdown: impl Future<Output = ()> + Send) {
        self.parts.purges.run(shutdown).await;
    }

    /// Deletes expired data in small batches: sessions and one-time tokens an hour after they end, and events when
    /// their [retention](super::AuthBuilder::event_retention) ends. Call it from one of the host's scheduled jobs.
    ///
    /// The purge can run while the service and other purges are running. If the future is dropped
    /// before it completes, the batches deleted so far stay deleted.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) while the database is unreachable.
    pub async fn purge(&self) -> Result<Purged> {
        self.parts.purges.purge().await
    }

    /// Fetches the endpoints and keys of every provider in advance, so that the first user does not wait for them.
    /// Failed fetches are repeated until every provider has answered or `shutdown` completes. Spawn it once per
    /// process. Without this call, endpoints and keys are fetched when they are first needed.
    #[cfg(feature = "oauth")]
    pub async fn run_providers(&self, shutdown: impl Future<Output = ()> + Send) {
        self.parts.provider_sign_ins.prepare(shutdown).await;
    }

    /// Waits until the [hooks](crate::hook) that run after an event have ended. Call it in tests,
    /// and before a process ends, so that no hook is interrupted.
    pub async fn finish_hooks(&self) {
        self.parts.core.hooks.finish().await;
    }

    /// Waits until the sinks have received all events so far, for example before the process ends.
    /// If a sink stalls, the wait is up to 10 seconds for each event in its queue, so set your own
    /// time limit.
    pub async fn flush_events(&self) {
        self.trail().flush().await;
    }

    /// How many events the [sinks](crate::event::Sink) of this process have missed because a queue was full or a sink
    /// took too long or panicked. These events are still in the audit trail.
    #[must_use]
    pub fn dropped_events(&self) -> u64 {
        self.trail().dropped()
    }
}

/// Runs one task until it ends, and restarts it after a panic.
async fn restarting<W, S>(name: &'static str, stopped: impl Fn() -> S, work: impl Fn() -> W)
where
    W: Future<Output = ()>,
    S: Future<Output = ()>,
{
    loop {
        let mut working = pin!(work());
        let has_ended = poll_fn(|context| {
            let polled = catch_unwind(AssertUnwindSafe(|| working.as_mut().poll(context)));
            // The panic hook has already received the payload. The payload may contain secrets, so it is not logged
            // here.
            polled.map_or(Poll::Ready(false), |poll| poll.map(|()| true))
        });
        if has_ended.await {
            return;
        }
        tracing::error!(name, "background work panicked and is restarted");
        tokio::select! {
            () = stopped() => return,
            () = sleep(RESTART) => {}
        }
    }
}

/// The background work, spawned by [`Auth::spawn`].
#[derive(Debug)]
#[must_use = "stop it before the process ends, so that emails in flight are not cut off"]
pub struct Background {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Background {
    /// Stops the work, and waits at most `patience` until emails in flight, hooks and sinks have
    /// finished. Returns `false` if they did not finish in time, or the work panicked.
    pub async fn stop(self, patience: Duration) -> bool {
        let Self { stop, mut running } = self;
        // If the work panicked, the receiver is already dropped.
        let _ = stop.send(());
        match timeout(patience, &mut running).await {
            Ok(ended) => ended.is_ok(),
            Err(_elapsed) => {
                running.abort();
                false
            }
        }
    }
}
