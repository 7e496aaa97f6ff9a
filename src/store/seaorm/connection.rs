//! One connection of a pool. It is returned to the pool only if it is outside a transaction; otherwise it is closed.

use std::{fmt, sync::Arc, time::Duration};

use sea_orm::{
    ConnAcquireErr, DatabaseConnection, DatabaseConnectionType, DbErr, QueryResult, RuntimeErr,
    SqlxError, Statement,
    sqlx::{self, AssertSqlSafe, SqlSafeStr as _},
};
use sea_query_sqlx::SqlxValues;

use super::{
    error::{connection_error, internal, is_lost},
    idle,
};
use crate::error::Error;

/// The connection pool of one of the two drivers.
#[derive(Clone)]
pub(super) enum Connections {
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
}

impl Connections {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the driver is not compiled in.
    pub(super) fn of(db: &DatabaseConnection) -> Result<Self, Error> {
        match &db.inner {
            #[cfg(feature = "postgres")]
            DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
                Ok(Self::Postgres(db.get_postgres_connection_pool().clone()))
            }
            #[cfg(feature = "sqlite")]
            DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
                Ok(Self::Sqlite(db.get_sqlite_connection_pool().clone()))
            }
            _ => Err(Error::configuration(
                "the database must be Postgres or SQLite, and the feature `postgres` or `sqlite` must be enabled",
            )),
        }
    }

    pub(super) async fn acquire(&self) -> Result<Connection, DbErr> {
        let driver = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => Driver::Postgres(pool.acquire().await.map_err(not_acquired)?),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => Driver::Sqlite(pool.acquire().await.map_err(not_acquired)?),
        };
        Ok(Connection {
            driver,
            is_reusable: true,
            on_failure: None,
        })
    }

    /// Returns a connection that is outside a transaction according to both the driver and the
    /// server. If a connection is inside a transaction, it is closed, because the caller that left
    /// the transaction open will never commit it.
    pub(super) async fn acquire_idle(&self) -> Result<Connection, DbErr> {
        // Each failed round closes one connection. After as many failed rounds as the pool has connections, the next
        // round gets a new connection.
        for _ in 0..=self.max_connections() {
            let mut connection = self.acquire().await?;
            match connection.is_idle().await {
                Ok(true) => return Ok(connection),
                Ok(false) => {
                    tracing::warn!("a pooled connection is inside a transaction: closing it")
                }
                Err(error) => tracing::warn!(%error, "a pooled connection is unusable: closing it"),
            }
        }
        Err(internal("no pooled connection is outside a transaction"))
    }

    /// How long a call waits for a connection.
    pub(super) fn acquire_timeout(&self) -> Duration {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.options().get_acquire_timeout(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => pool.options().get_acquire_timeout(),
        }
    }

    fn max_connections(&self) -> u32 {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.options().get_max_connections(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => pool.options().get_max_connections(),
        }
    }
}

/// A borrowed connection. If it is dropped in an unknown state, it is closed.
pub(super) struct Connection {
    driver: Driver,
    is_reusable: bool,
    on_failure: Option<OnFailure>,
}

/// A callback that runs after each database failure, because another database host may have taken over.
#[derive(Clone)]
pub(super) struct OnFailure(Arc<dyn Fn(Failure) + Send + Sync>);

/// The kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A connection has ended; others may have ended as well.
    LostConnection,
    Other,
}

impl Failure {
    fn of(error: &SqlxError) -> Self {
        if is_lost(error) {
            Self::LostConnection
        } else {
            Self::Other
        }
    }
}

impl OnFailure {
    #[cfg(feature = "postgres")]
    pub(super) fn new(callback: impl Fn(Failure) + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    pub(super) fn note(on_failure: Option<&Self>, failure: Failure) {
        if let Some(Self(callback)) = on_failure {
            callback(failure);
        }
    }
}

enum Driver {
    #[cfg(feature = "postgres")]
    Postgres(sqlx::pool::PoolConnection<sqlx::Postgres>),
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::pool::PoolConnection<sqlx::Sqlite>),
}

impl Connection {
    pub(super) fn with_on_failure(mut self, on_failure: Option<OnFailure>) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Reads all rows, even if the caller needs only the first. A driver that stops after the first row returns before
    /// the statement has ended and committed.
    pub(super) async fn query(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let rows = match &mut self.driver {
            #[cfg(feature = "postgres")]
            Driver::Postgres(connection) => fetch_postgres(connection, statement).await,
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(connection) => fetch_sqlite(connection, statement).await,
        };
        rows.map_err(|error| {
            self.is_reusable &= !spoils(&error);
            OnFailure::note(self.on_failure.as_ref(), Failure::of(&error));
            DbErr::Query(RuntimeErr::SqlxError(error.into()))
        })
    }

    /// On SQLite the transaction takes the write lock when it begins, so that its reads stay valid.
    pub(super) async fn begin(&mut self) -> Result<(), DbErr> {
        let sql = match &self.driver {
            #[cfg(feature = "postgres")]
            Driver::Postgres(_) => "BEGIN",
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(_) => "BEGIN IMMEDIATE",
        };
        self.is_reusable = false;
        let begun = self.execute(sql).await;
        if begun.is_err() {
            // If BEGIN failed only because another process holds the lock, the connection is still usable.
            self.is_reusable = self.is_idle().await.unwrap_or(false);
        }
        begun
    }

    /// A connection whose COMMIT failed is closed, because it is unknown whether its transaction has ended.
    pub(super) async fn commit(mut self) -> Result<(), DbErr> {
        self.execute("COMMIT").await?;
        self.is_reusable = true;
        Ok(())
    }

    /// A connection whose ROLLBACK failed is closed.
    pub(super) async fn rollback(mut self) {
        match self.execute("ROLLBACK").await {
            Ok(()) => self.is_reusable = true,
            Err(error) => {
                tracing::warn!(%error, "a transaction was not rolled back: its connection is closed");
            }
        }
    }

    /// The statements that begin and end transactions bypass the driver's transaction count. The
    /// driver would count only statements that were answered, and would turn a BEGIN inside a
    /// transaction into a savepoint.
    async fn execute(&mut self, sql: &'static str) -> Result<(), DbErr> {
        let sql = sql.into_sql_str();
        let executed = match &mut self.driver {
            #[cfg(feature = "postgres")]
            Driver::Postgres(connection) => sqlx::raw_sql(sql)
                .execute(&mut **connection)
                .await
                .map(drop),
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(connection) => sqlx::raw_sql(sql)
                .execute(&mut **connection)
                .await
                .map(drop),
        };
        executed.map_err(|error| {
            OnFailure::note(self.on_failure.as_ref(), Failure::of(&error));
            DbErr::Exec(RuntimeErr::SqlxError(error.into()))
        })
    }

    async fn is_idle(&mut self) -> Result<bool, DbErr> {
        let is_idle = match &mut self.driver {
            #[cfg(feature = "postgres")]
            Driver::Postgres(connection) => idle::is_idle(&mut **connection).await,
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(connection) => idle::is_idle(&mut **connection).await,
        };
        self.is_reusable = matches!(is_idle, Ok(true));
        is_idle.map_err(connection_error)
    }
}

macro_rules! fetch {
    ($name:ident, $driver:ty, $connection:ty) => {
        /// Returns all rows of a statement.
        pub(super) async fn $name(
            connection: &mut $connection,
            statement: &Statement,
        ) -> Result<Vec<QueryResult>, SqlxError> {
            let sql = AssertSqlSafe(statement.sql.as_str());
            let values = statement.values.clone();
            let values = SqlxValues(values.unwrap_or(sea_orm::Values(Vec::new())));
            let rows = sqlx::query_with::<$driver, _>(sql, values)
                .fetch_all(connection)
                .await?;
            Ok(rows.into_iter().map(QueryResult::from).collect())
        }
    };
}

#[cfg(feature = "postgres")]
fetch!(fetch_postgres, sqlx::Postgres, sqlx::PgConnection);
#[cfg(feature = "sqlite")]
fetch!(fetch_sqlite, sqlx::Sqlite, sqlx::SqliteConnection);

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.is_reusable {
            match &mut self.driver {
                #[cfg(feature = "postgres")]
                Driver::Postgres(connection) => connection.close_on_drop(),
                #[cfg(feature = "sqlite")]
                Driver::Sqlite(connection) => connection.close_on_drop(),
            }
        }
    }
}

/// Whether a connection keeps failing after this error, because its server became read-only, or because its transaction
/// failed and is still open.
fn spoils(error: &SqlxError) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("25006" | "25P02"))
}

fn not_acquired(error: SqlxError) -> DbErr {
    match error {
        SqlxError::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        SqlxError::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => connection_error(error),
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}

impl fmt::Debug for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnFailure")
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("is_reusable", &self.is_reusable)
            .finish_non_exhaustive()
    }
}
