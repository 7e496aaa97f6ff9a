//! Directs new connections to the host that currently accepts writes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{
    DatabaseConnection,
    sqlx::{PgConnection, PgPool},
};
use tokio::{
    sync::{Notify, oneshot, watch},
    time::{sleep, timeout},
};

use super::hosts::{Host, Hosts};

/// How often the host is checked. After a failure, the next check comes before this interval is over, but at least
/// [`PAUSE`] after the previous check.
const INTERVAL: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);

/// How long a host may take to answer before another host is tried.
const PATIENCE: Duration = Duration::from_secs(2);

/// The state that the pool shares with the task that watches its host.
pub(super) struct Failover {
    hint: Notify,
    /// The time of the last failed check of the host, or of its last replacement by another host.
    lost: watch::Sender<Option<Instant>>,
}

impl Failover {
    pub(super) fn new() -> Self {
        Self {
            hint: Notify::new(),
            lost: watch::Sender::new(None),
        }
    }

    /// After a failure, requests a check of the host, because another host may have taken over.
    pub(super) fn suspect(&self) {
        self.hint.notify_one();
    }

    /// Whether a connection of this age was opened before the last failed check or the last
    /// replacement of the host.
    pub(super) fn is_outdated(&self, age: Duration) -> bool {
        self.lost.borrow().is_some_and(|lost| age >= lost.elapsed())
    }

    /// Watches the host over a separate connection, until the last clone of `db` is dropped.
    pub(super) fn watch(self: Arc<Self>, db: &mut DatabaseConnection, hosts: Hosts, host: Host) {
        let pool = db.get_postgres_connection_pool().clone();
        // The watching task ends once this sender is dropped. Only clones of `db` hold the sender, because the task
        // itself keeps the pool alive.
        let (held, dropped) = oneshot::channel::<()>();
        let failover = Arc::clone(&self);
        // This callback covers the statements that the application runs on the pool; the store reports its own
        // failures.
        db.set_metric_callback(move |statement| {
            if statement.failed && !held.is_closed() {
                failover.suspect();
            }
        });
        tokio::spawn(async move {
            let watch = Watch {
                failover: self,
                hosts,
                host: host.url,
                pool,
                connection: None,
            };
            tokio::select! {
                _ = dropped => {}
                () = watch.run() => {}
            }
        });
    }
}

struct Watch {
    failover: Arc<Failover>,
    hosts: Hosts,
    /// The URL of the host that new connections go to.
    host: String,
    pool: PgPool,
    connection: Option<PgConnection>,
}

impl Watch {
    async fn run(mut self) {
        self.connect().await;
        while !self.pool.is_closed() {
            sleep(PAUSE).await;
            tokio::select! {
                () = self.failover.hint.notified() => {}
                () = sleep(INTERVAL) => {}
            }
            if !self.is_well().await {
                self.connect().await;
            }
        }
    }

    async fn is_well(&mut self) -> bool {
        let Some(connection) = &mut self.connection else {
            return false;
        };
        let suits = self.hosts.wanted().suits(connection);
        let is_well = matches!(timeout(PATIENCE, suits).await, Ok(Ok(true)));
        if !is_well {
            self.connection = None;
            self.failover.lost.send_replace(Some(Instant::now()));
            tracing::warn!("the database host is lost: looking for a host that accepts writes");
        }
        is_well
    }

    /// Looks for a suitable host, and directs new connections to it.
    async fn connect(&mut self) {
        match self.hosts.find(PATIENCE).await {
            Ok((host, connection)) => {
                self.connection = Some(connection);
                if self.host == host.url {
                    return;
                }
                self.host.clone_from(&host.url);
                self.pool.set_connect_options(host.options.clone());
                self.failover.lost.send_replace(Some(Instant::now()));
                let (name, port) = (host.options.get_host(), host.options.get_port());
                tracing::warn!(
                    host = name,
                    port,
                    "new database connections go to another host"
                );
            }
            Err(error) => tracing::debug!(?error, "no host of the database is usable"),
        }
    }
}
