//! Work in the background: mails, the purge, providers, and the end of hooks and sinks.

use std::{pin::pin, time::Duration};

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use super::Auth;
use crate::{error::Result, purge::Purged};

impl Auth {
    /// Does all the work in the background: [sends](Self::run_mail) mails, [deletes](Self::run_purge) what is over, and
    /// learns the endpoints and keys of [providers](crate::oauth). Spawn it once per process; any number of processes
    /// share the work.
    ///
    /// When `shutdown` completes, the mails in flight get 5 seconds more, and [hooks](Self::finish_hooks) and
    /// [sinks](Self::flush_events) get what has happened so far: set a time limit of your own for that.
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
            // The end of the channel is the signal: nothing is ever sent.
            async move { drop(stopped.changed().await) }
        };
        let until_then = async {
            shutdown.await;
            drop(stop);
        };
        #[cfg(feature = "oauth")]
        let providers = self.run_providers(stopped());
        #[cfg(not(feature = "oauth"))]
        let providers = async {};
        tokio::join!(
            until_then,
            self.run_mail(stopped()),
            self.run_purge(stopped()),
            providers
        );
        self.finish_hooks().await;
        self.flush_events().await;
    }

    /// Spawns [`run`](Self::run) on the current tokio runtime. Dropping the result leaves it running until the runtime ends.
    ///
    /// ```no_run
    /// # async fn serve(auth: hallpass::Auth) {
    /// let background = auth.spawn();
    /// // ... serve requests until the process is to end ...
    /// background.stop(std::time::Duration::from_secs(10)).await;
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn spawn(&self) -> Background {
        let (stop, stopped) = oneshot::channel::<()>();
        let auth = self.clone();
        let running = tokio::spawn(async move {
            let shutdown = async {
                if stopped.await.is_err() {
                    // Nobody will stop it.
                    std::future::pending::<()>().await;
                }
            };
            auth.run(shutdown).await;
        });
        Background { stop, running }
    }

    /// Sends mails as they become due, until `shutdown` completes. Spawn it once per process; any number of processes
    /// share the work.
    pub async fn run_mail(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let deliveries = self.parts.core.deliveries.clone();
        tokio::select! {
            prepared = self.parts.core.limits.prepare() => {
                if let Err(error) = prepared {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the key of limits cannot be read yet; the first use reads it");
                }
                deliveries.run(shutdown).await;
            }
            () = &mut shutdown => (),
        }
    }

    /// Sends all mails that are due: for tests, and for hosts that call it from a job of their own.
    /// Returns how many were due.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) while the database is away. A mail that cannot be sent is tried
    /// again later and is not an error here.
    pub async fn deliver_mail(&self) -> Result<usize> {
        self.parts.core.limits.prepare().await?;
        self.parts.core.deliveries.deliver().await
    }

    /// [Purges](Self::purge) about every hour, until `shutdown` completes. Spawn it once per process.
    pub async fn run_purge(&self, shutdown: impl Future<Output = ()> + Send) {
        self.parts.purges.run(shutdown).await;
    }

    /// Deletes expired data, in small batches: sessions and one-time tokens an hour after their end, and events past
    /// their [retention](super::AuthBuilder::event_retention). For hosts that call it from a job of their own.
    ///
    /// Safe beside a running service, and beside other purges. One that is dropped half way has done a part.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) while the database is away.
    pub async fn purge(&self) -> Result<Purged> {
        self.parts.purges.purge().await
    }

    /// Learns the endpoints and keys of every provider, so that the first user does not wait for it, and tries again
    /// until all have answered or `shutdown` completes. Spawn it once per process. Without it they are learned when
    /// they are first needed.
    #[cfg(feature = "oauth")]
    pub async fn run_providers(&self, shutdown: impl Future<Output = ()> + Send) {
        self.parts.provider_sign_ins.prepare(shutdown).await;
    }

    /// Waits until the [hooks](crate::hook) that run after something have ended: before a process ends, so that none is
    /// cut off, and in tests.
    pub async fn finish_hooks(&self) {
        self.parts.core.hooks.finish().await;
    }

    /// Waits until the sinks have got what happened so far, such as before the process ends. A sink that stalls is
    /// given up on, 10 seconds for each event: set a time limit of your own.
    pub async fn flush_events(&self) {
        self.trail().flush().await;
    }

    /// How many events the [sinks](crate::event::Sink) of this process did not get, because a queue was full, or a sink
    /// took too long or panicked. None of them is missing in the audit trail.
    #[must_use]
    pub fn dropped_events(&self) -> u64 {
        self.trail().dropped()
    }
}

/// The work in the background, spawned by [`Auth::spawn`].
#[derive(Debug)]
#[must_use = "stop it before the process ends, so that mails in flight are not cut off"]
pub struct Background {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Background {
    /// Ends the work, and waits until mails in flight, hooks and sinks are done; not longer than `patience`. Returns whether they
    /// were.
    pub async fn stop(self, patience: Duration) -> bool {
        let Self { stop, mut running } = self;
        // The work may have ended by a panic.
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
