//! Database connection settings.

#[cfg(feature = "postgres")]
mod failover;
#[cfg(feature = "postgres")]
mod hosts;
#[cfg(feature = "postgres")]
mod pooler;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use std::sync::Arc;
use std::{fmt, time::Duration};

use sea_orm::ConnectOptions;
#[cfg(feature = "postgres")]
use sea_orm::sqlx::postgres::PgConnectOptions;
#[cfg(feature = "sqlite")]
use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::SeaOrmStore;
use crate::error::{Error, Result};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection that has been idle this long is pinged before it is used, because the database may have been restarted,
/// or a proxy may have dropped the connection.
const ASK_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Settings for connecting to a database.
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
    #[cfg(feature = "postgres")]
    map_postgres: Map<PgConnectOptions>,
    #[cfg(feature = "sqlite")]
    map_sqlite: Map<SqliteConnectOptions>,
}

/// The application's function that changes the driver options.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
type Map<O> = Arc<dyn Fn(O) -> O + Send + Sync>;

impl ConnectSettings {
    /// Settings for the database at `postgres://…` or `sqlite://…`, with up to 10 connections and
    /// 100 prepared statements on each, and timeouts that fit a [request
    /// timeout](Self::request_timeout) of 10 seconds.
    ///
    /// A SQLite file is created only if the URL has `?mode=rwc`. Only the user of the process can access the created
    /// file and its companion files (mode 0600); an existing file keeps its mode. A URL that names no file, or opens
    /// the file read-only, is refused. The URL `sqlite::memory:` opens a database in the process's memory.
    ///
    /// A URL with a parameter that the driver does not support is refused. A Postgres URL may name
    /// several hosts, `postgres://user@one:5432,two:5432/app`, which are tried in this order. It
    /// may also set `target_session_attrs` to `read-write` (the default with several hosts),
    /// `primary` or `any`. When the current host changes its role or fails, new connections go to
    /// the next suitable host. For this purpose, an additional connection watches the current host.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 10,
            statement_cache: 100,
            acquire_timeout: ACQUIRE_TIMEOUT,
            statement_timeout: Duration::ZERO,
            #[cfg(feature = "postgres")]
            map_postgres: Arc::new(|options| options),
            #[cfg(feature = "sqlite")]
            map_sqlite: Arc::new(|options| options),
        }
        .request_timeout(REQUEST_TIMEOUT)
    }

    /// Sets how many connections may be open at a time; at least 1.
    #[must_use]
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.pool_size = connections.max(1);
        self
    }

    /// Sets how many prepared statements each connection keeps; at least 1, because the driver
    /// needs prepared statements. A pooler must work in session mode, or keep the prepared
    /// statements of its clients separate (PgBouncer 1.21 or later).
    #[must_use]
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statement_cache = statements;
        self
    }

    /// Sets how long a call waits for a connection before it fails as
    /// [`Unavailable`](crate::ErrorKind::Unavailable). The default is three seconds.
    #[must_use]
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Sets how long a statement may run on Postgres, including waits for locks, before it is
    /// cancelled and the call fails as [`Unavailable`](crate::ErrorKind::Unavailable). The default
    /// is three seconds; a stricter `statement_timeout` of the role or the database stays in
    /// effect. Migrations and the purge have their own limits. On SQLite, this limits how long a write waits for other
    /// processes that write.
    ///
    /// A request begins no write and commits no transaction if it has less time left than this
    /// limit before its [timeout](crate::AuthBuilder::request_timeout). Therefore, nothing is committed after the
    /// request has been answered with 503. Behind a pooler in transaction mode, this
    /// setting cannot limit statements, so set the limit for the role instead.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// Derives the [acquire timeout](Self::acquire_timeout) and the [statement timeout](Self::statement_timeout) from a
    /// request timeout. Each is three tenths of the request timeout, but the acquire timeout is at most three seconds.
    #[must_use]
    pub fn request_timeout(self, timeout: Duration) -> Self {
        self.acquire_timeout(ACQUIRE_TIMEOUT.min(timeout * 3 / 10))
            .statement_timeout(timeout * 3 / 10)
    }

    /// Sets a function that changes the driver options of each connection to Postgres. The function runs after all
    /// other settings are applied.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn map_postgres(
        mut self,
        map: impl Fn(PgConnectOptions) -> PgConnectOptions + Send + Sync + 'static,
    ) -> Self {
        self.map_postgres = Arc::new(map);
        self
    }

    /// Sets a function that changes the driver options of each connection to SQLite. The function runs after all other
    /// settings are applied.
    ///
    /// ```
    /// use hallpass::seaorm::ConnectSettings;
    ///
    /// let settings = ConnectSettings::new("sqlite://app.db?mode=rwc")
    ///     .map_sqlite(|options| options.pragma("cache_size", "-65536"));
    /// ```
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn map_sqlite(
        mut self,
        map: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
    ) -> Self {
        self.map_sqlite = Arc::new(map);
        self
    }

    /// Converts the settings to options of SeaORM, for an application that opens the pool itself.
    /// SQLite is opened with WAL, foreign keys and `synchronous = NORMAL`. With these options,
    /// acknowledged writes are kept when the process ends. A power failure can lose the latest
    /// writes, but never corrupts the file.
    ///
    /// SeaORM keeps only one function of each kind, so calling `map_sqlx_sqlite_opts` or `map_sqlx_postgres_opts` on
    /// the result replaces the function that applies these settings. Use [`map_sqlite`](Self::map_sqlite) or
    /// [`map_postgres`](Self::map_postgres) instead. The driver creates a SQLite file with the process's default mode.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL does not belong to a database whose driver is
    /// compiled in (features `postgres` and `sqlite`). The same error is returned if the URL names several hosts or no
    /// file, or has a parameter that the driver does not support, or if a setting is out of range.
    pub fn to_options(&self) -> Result<ConnectOptions> {
        self.check_statement_cache()?;
        match self.kind()? {
            #[cfg(feature = "postgres")]
            Kind::Postgres => postgres::options(self),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => sqlite::options(self),
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

    /// Returns the options that apply to both databases.
    fn pool_options(&self, url: &str) -> ConnectOptions {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(self.pool_size)
            .acquire_timeout(self.acquire_timeout)
            .test_before_acquire_if_idle_for(ASK_AFTER_IDLE)
            .sqlx_logging(false);
        options
    }
}

/// The error omits the value, which may be a secret, and omits the name as well if it does not look like the name of a
/// parameter.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn unknown_parameter(name: &str) -> Error {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = if (1..=40).contains(&name.len()) && name.chars().all(is_word) {
        name
    } else {
        "one without a valid name"
    };
    Error::configuration(format!("the database URL has an unknown parameter: {name}"))
}

enum Kind {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "sqlite")]
    Sqlite,
}

impl SeaOrmStore {
    /// Opens a new connection pool. This method does not create or change tables; see
    /// [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the URL is invalid, or points to a pooler that mixes up
    /// prepared statements; [`Unavailable`](crate::ErrorKind::Unavailable) if the database does not answer.
    pub async fn connect(settings: &ConnectSettings) -> Result<Self> {
        settings.check_statement_cache()?;
        match settings.kind()? {
            #[cfg(feature = "postgres")]
            Kind::Postgres => postgres::connect(settings).await,
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => sqlite::connect(settings).await,
        }
    }
}

impl fmt::Debug for ConnectSettings {
    /// Omits the URL, because it may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectSettings")
            .field("pool_size", &self.pool_size)
            .field("statement_cache", &self.statement_cache)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}
