#[cfg(feature = "postgres")]
mod failover;
#[cfg(feature = "postgres")]
mod hosts;
#[cfg(feature = "postgres")]
mod pooler;
#[cfg(feature = "postgres")]
mod postgres;

use std::{fmt, time::Duration};

use sea_orm::ConnectOptions;
#[cfg(feature = "sqlite")]
use sea_orm::{
    Database,
    sqlx::{Connection as _, SqlitePool},
};

use super::SeaOrmStore;
#[cfg(feature = "sqlite")]
use super::{error::Retries, idle};
use crate::error::{Error, Result};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection that has been idle for so long is asked for a sign of life before it is used: the database may have
/// been restarted, or a proxy between have forgotten it.
const ASK_AFTER_IDLE: Duration = Duration::from_secs(1);

/// With the retries, a write waits at most about eight seconds for other processes.
#[cfg(feature = "sqlite")]
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How to reach a database that no one else has opened.
///
/// ```no_run
/// use hallpass::seaorm::{ConnectSettings, SeaOrmStore};
///
/// # async fn run() -> hallpass::Result<()> {
/// let settings = ConnectSettings::new("postgres://localhost/app").pool_size(20);
/// let store = SeaOrmStore::connect(&settings).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConnectSettings {
    url: String,
    pool_size: u32,
    statement_cache: usize,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

impl ConnectSettings {
    /// The database at `postgres://…` or `sqlite://…`, with 10 connections and 100 prepared statements on each, and
    /// the timeouts that fit the [request timeout](Self::request_timeout) of 10 seconds.
    ///
    /// A SQLite file is created only if the URL says `?mode=rwc`.
    ///
    /// A Postgres URL may name several hosts, `postgres://user@one:5432,two:5432/app`, which are tried in their order,
    /// and `target_session_attrs`: `read-write` (what several hosts are taken for without it), `primary` or `any`.
    /// When the host changes its role or goes away, new connections go to the next one that fits; one connection more
    /// watches for that.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 10,
            statement_cache: 100,
            acquire_timeout: ACQUIRE_TIMEOUT,
            statement_timeout: Duration::ZERO,
        }
        .request_timeout(REQUEST_TIMEOUT)
    }

    /// How many connections may be open at a time; at least 1.
    #[must_use]
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.pool_size = connections.max(1);
        self
    }

    /// How many prepared statements each connection keeps; at least 1: the driver cannot do without, whatever stands
    /// between. A pooler has to work in session mode, or keep prepared statements apart (PgBouncer 1.21 or later).
    #[must_use]
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statement_cache = statements;
        self
    }

    /// For how long a call waits for a connection before it is [`Unavailable`](crate::ErrorKind::Unavailable).
    /// Three seconds by default.
    #[must_use]
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// For how long Postgres works at a statement, waiting for locks included, before it gives up and the call is
    /// [`Unavailable`](crate::ErrorKind::Unavailable). Three seconds by default; a stricter `statement_timeout` of the
    /// role or the database stays. Migrations and the purge have their own. On SQLite it bounds the wait for other
    /// processes that write.
    ///
    /// A request with less than this left of its
    /// [`AuthBuilder::request_timeout`](crate::AuthBuilder::request_timeout) begins no write and commits no
    /// transaction, so that nothing is committed after its 503. Behind a pooler in transaction mode the limit cannot be
    /// set from here: set it for the role.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// Fits the two into a timeout of requests: three tenths of it to get a connection, but three seconds at most, and
    /// three tenths for a statement.
    #[must_use]
    pub fn request_timeout(self, timeout: Duration) -> Self {
        self.acquire_timeout(ACQUIRE_TIMEOUT.min(timeout * 3 / 10))
            .statement_timeout(timeout * 3 / 10)
    }

    /// The same for SeaORM, for a host that wants to add to it. SQLite is opened with WAL, foreign keys and
    /// `synchronous = NORMAL`: what was acknowledged survives the end of the process, and a power cut can take the
    /// last moments but never leaves a broken file.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL is not one of a database whose driver is
    /// compiled in (features `postgres` and `sqlite`), if it names several hosts, or if a setting is out of its range.
    pub fn to_options(&self) -> Result<ConnectOptions> {
        self.check_statement_cache()?;
        match self.kind()? {
            #[cfg(feature = "postgres")]
            Kind::Postgres => postgres::options(self),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => self.sqlite_options(),
        }
    }

    fn check_statement_cache(&self) -> Result<()> {
        if self.statement_cache == 0 {
            return Err(Error::configuration(
                "statement_cache: at least 1; behind a pooler, use session mode or one that keeps prepared statements \
                 apart",
            ));
        }
        Ok(())
    }

    fn kind(&self) -> Result<Kind> {
        let (scheme, _) = self.url.split_once(':').unwrap_or_default();
        match scheme {
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Kind::Postgres),
            #[cfg(feature = "sqlite")]
            "sqlite" => Ok(Kind::Sqlite),
            _ => Err(Error::configuration(
                "the database URL must begin with the name of a database whose driver is compiled in",
            )),
        }
    }

    /// The options of both databases.
    fn pool_options(&self, url: &str) -> ConnectOptions {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(self.pool_size)
            .acquire_timeout(self.acquire_timeout)
            .test_before_acquire_if_idle_for(ASK_AFTER_IDLE)
            .sqlx_logging(false);
        options
    }

    #[cfg(feature = "sqlite")]
    fn sqlite_options(&self) -> Result<ConnectOptions> {
        use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

        // SeaORM's own message would repeat the URL.
        if self.url.parse::<SqliteConnectOptions>().is_err() {
            return Err(Error::configuration(
                "the database URL is not one of SQLite",
            ));
        }
        let mut options = self.pool_options(&self.url);
        if self.url.contains(":memory:") || self.url.contains("mode=memory") {
            // Each connection would be another database, gone with the connection.
            options
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None);
        }
        let (statements, busy_timeout) = (self.statement_cache, self.busy_timeout());
        options.map_sqlx_sqlite_opts(move |options| {
            options
                .statement_cache_capacity(statements)
                .busy_timeout(busy_timeout)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
        });
        options.map_sqlx_sqlite_pool_opts(idle::check_sqlite_on_release);
        options.map_sqlx_sqlite_before_acquire(|connection, _| {
            let is_idle = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_idle) })
        });
        Ok(options)
    }

    #[cfg(feature = "sqlite")]
    fn busy_timeout(&self) -> Duration {
        SQLITE_BUSY_TIMEOUT.min(self.statement_timeout)
    }

    #[cfg(feature = "sqlite")]
    async fn open_sqlite(&self) -> Result<SeaOrmStore> {
        let options = self.sqlite_options()?;
        let mut retries = Retries::default();
        loop {
            let opened = match Database::connect(options.clone()).await {
                Ok(db) => {
                    never_create_again(db.get_sqlite_connection_pool());
                    let store = SeaOrmStore::on_checked(db, self.busy_timeout())?;
                    store.ensure_in_place().await.map(|()| store)
                }
                Err(error) => Err(error),
            };
            match opened {
                Ok(store) => return Ok(store),
                // Others that start at the same time turn a new SQLite file to WAL, and lock it for that.
                Err(error) => retries.after(error).await?,
            }
        }
    }
}

/// A connection to an empty file in the place of a removed one would take the live log for that file's, and clear it.
#[cfg(feature = "sqlite")]
fn never_create_again(pool: &SqlitePool) {
    let options = pool.connect_options().as_ref().clone();
    pool.set_connect_options(options.create_if_missing(false));
}

enum Kind {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "sqlite")]
    Sqlite,
}

impl SeaOrmStore {
    /// Opens a connection pool of its own. The tables are not touched: see [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL is wrong, or leads to a pooler that mixes
    /// prepared statements up, [`Unavailable`](crate::ErrorKind::Unavailable) if the database does not answer.
    pub async fn connect(settings: &ConnectSettings) -> Result<Self> {
        settings.check_statement_cache()?;
        match settings.kind()? {
            #[cfg(feature = "postgres")]
            Kind::Postgres => postgres::connect(settings).await,
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => settings.open_sqlite().await,
        }
    }
}

impl fmt::Debug for ConnectSettings {
    /// Leaves out the URL: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectSettings")
            .field("pool_size", &self.pool_size)
            .field("statement_cache", &self.statement_cache)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}
