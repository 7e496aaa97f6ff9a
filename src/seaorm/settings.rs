use std::{fmt, time::Duration};

use sea_orm::{ConnectOptions, Database, sqlx::Connection as _};

use super::{SeaOrmStore, error::Retries, idle};
use crate::error::{Error, Result};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection that has been idle for so long is asked for a sign of life before it is used: the database may have
/// been restarted, or a proxy between have forgotten it.
const ASK_AFTER_IDLE: Duration = Duration::from_secs(10);

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
}

impl ConnectSettings {
    /// The database at `postgres://…` or `sqlite://…`, with 10 connections and 100 prepared statements on each.
    ///
    /// A SQLite file is created only if the URL says `?mode=rwc`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 10,
            statement_cache: 100,
            acquire_timeout: ACQUIRE_TIMEOUT,
        }
    }

    /// How many connections may be open at a time; at least 1.
    #[must_use]
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.pool_size = connections.max(1);
        self
    }

    /// How many prepared statements each connection keeps; 0 behind a pooler that pools by transaction.
    #[must_use]
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statement_cache = statements;
        self
    }

    /// For how long a call waits for a connection before it is [`Unavailable`](crate::ErrorKind::Unavailable).
    /// Three seconds unless told otherwise.
    #[must_use]
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// The same for SeaORM, for a host that wants to add to it. SQLite is opened with WAL, foreign keys and
    /// `synchronous = NORMAL`: what was acknowledged survives the end of the process, and a power cut can take the
    /// last moments but never leaves a broken file.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL is not one of a database whose driver is
    /// compiled in (features `postgres` and `sqlite`).
    pub fn to_options(&self) -> Result<ConnectOptions> {
        self.check_url()?;
        let mut options = ConnectOptions::new(&self.url);
        options
            .max_connections(self.pool_size)
            .acquire_timeout(self.acquire_timeout)
            .test_before_acquire_if_idle_for(ASK_AFTER_IDLE)
            .sqlx_logging(false);
        #[cfg(feature = "postgres")]
        {
            let statements = self.statement_cache;
            options.map_sqlx_postgres_opts(move |options| {
                options.statement_cache_capacity(statements)
            });
            options.map_sqlx_postgres_pool_opts(idle::check_postgres_on_release);
            options.map_sqlx_postgres_before_acquire(|connection, _| {
                let is_idle = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_idle) })
            });
        }
        #[cfg(feature = "sqlite")]
        {
            use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

            if self.url.contains(":memory:") || self.url.contains("mode=memory") {
                // Each connection would be another database, gone with the connection.
                options
                    .max_connections(1)
                    .idle_timeout(None)
                    .max_lifetime(None);
            }
            let statements = self.statement_cache;
            options.map_sqlx_sqlite_opts(move |options| {
                options
                    .statement_cache_capacity(statements)
                    .busy_timeout(SQLITE_BUSY_TIMEOUT)
                    .foreign_keys(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Normal)
            });
            options.map_sqlx_sqlite_pool_opts(idle::check_sqlite_on_release);
            options.map_sqlx_sqlite_before_acquire(|connection, _| {
                let is_idle = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_idle) })
            });
        }
        Ok(options)
    }

    /// Checks the URL here, because SeaORM's own message would repeat it, password and all.
    fn check_url(&self) -> Result<()> {
        #[cfg(feature = "postgres")]
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            use sea_orm::sqlx::postgres::PgConnectOptions;

            let parsed = self.url.parse::<PgConnectOptions>();
            return parsed.map(drop).map_err(|_| not_a_url("Postgres"));
        }
        #[cfg(feature = "sqlite")]
        if self.url.starts_with("sqlite:") {
            use sea_orm::sqlx::sqlite::SqliteConnectOptions;

            let parsed = self.url.parse::<SqliteConnectOptions>();
            return parsed.map(drop).map_err(|_| not_a_url("SQLite"));
        }
        Err(Error::configuration(
            "the database URL must begin with the name of a database whose driver is compiled in",
        ))
    }
}

impl SeaOrmStore {
    /// Opens a connection pool of its own. The tables are not touched: see [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL is wrong,
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the database does not answer.
    pub async fn connect(settings: &ConnectSettings) -> Result<Self> {
        let options = settings.to_options()?;
        let mut retries = Retries::default();
        loop {
            let opened = match Database::connect(options.clone()).await {
                Ok(db) => {
                    let store = Self::on_checked(db)?;
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

#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn not_a_url(database: &str) -> Error {
    Error::configuration(format!("the database URL is not one of {database}"))
}

impl fmt::Debug for ConnectSettings {
    /// Leaves out the URL: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectSettings")
            .field("pool_size", &self.pool_size)
            .field("statement_cache", &self.statement_cache)
            .field("acquire_timeout", &self.acquire_timeout)
            .finish_non_exhaustive()
    }
}
