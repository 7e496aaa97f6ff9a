//! The store, which uses a connection pool or a host's transaction.

use std::{fmt, sync::Arc, time::Duration};

use sea_orm::{DatabaseConnection, DbBackend, DbErr, QueryResult, Statement, Value};
use tokio::sync::{Mutex, OwnedMutexGuard};

#[cfg(feature = "sqlite")]
use super::file::Files;
use super::{
    connection::{Connection, Connections, Failure, OnFailure},
    error::{Retries, in_time},
    transaction::Txn,
    watch::Watch,
};
use crate::error::{Error, StoreError};

/// A store in a Postgres or SQLite database. Clones share the connection pool.
///
/// On Postgres, the store needs the isolation level READ COMMITTED, which is the default.
#[derive(Clone, Copy)]
pub struct SeaOrmStore<D = Pool>(D);

impl SeaOrmStore {
    /// Creates a store that uses a host's own connection pool.
    ///
    /// On SQLite the pool must have `foreign_keys` on (the driver's default) and a busy timeout; WAL is recommended.
    ///
    /// The host may have left a connection of its pool inside a transaction, in which a write would be lost. Before
    /// each write, the store therefore checks the connection, which costs one round trip. A pool that
    /// [`connect`](Self::connect) opened checks each connection when it is returned instead.
    ///
    /// The host's pool sets the time limit for statements; see [`statement_timeout`](Self::statement_timeout).
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the database is neither Postgres nor SQLite, or the Cargo
    /// feature of its driver is off.
    pub fn new(db: DatabaseConnection) -> Result<Self, Error> {
        Self::on(db, true, Duration::ZERO)
    }

    /// Creates a store that uses an sqlx pool, `PgPool` or `SqlitePool`; see [`new`](Self::new).
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")]
    /// # fn store(pool: hallpass::seaorm::sea_orm::sqlx::PgPool) -> hallpass::Result<()> {
    /// use hallpass::seaorm::SeaOrmStore;
    ///
    /// let store = SeaOrmStore::from_sqlx(pool)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The same as for [`new`](Self::new).
    pub fn from_sqlx(pool: impl Into<DatabaseConnection>) -> Result<Self, Error> {
        Self::new(pool.into())
    }

    /// Creates a store that uses a pool that checks each returned connection and limits each
    /// statement to this time.
    pub(super) fn on_checked(
        db: DatabaseConnection,
        statement_timeout: Duration,
    ) -> Result<Self, Error> {
        Self::on(db, false, statement_timeout)
    }

    fn on(
        db: DatabaseConnection,
        checks_before_use: bool,
        statement_timeout: Duration,
    ) -> Result<Self, Error> {
        Ok(Self(Pool {
            connections: Connections::of(&db)?,
            db,
            checks_before_use,
            statement_timeout,
            writer: Arc::default(),
            #[cfg(feature = "sqlite")]
            files: Files::default(),
            watch: None,
            on_failure: None,
        }))
    }

    /// Sets a callback for database failures.
    #[cfg(feature = "postgres")]
    pub(super) fn on_failure(mut self, callback: impl Fn(Failure) + Send + Sync + 'static) -> Self {
        self.0.on_failure = Some(OnFailure::new(callback));
        self
    }

    /// Declares the time limit that the host's own pool puts on a statement: `statement_timeout` on
    /// Postgres, the busy timeout on SQLite. A request that has less time left than this limit begins no write and
    /// commits no transaction, so that nothing is committed after the request has been answered with 503. The limit
    /// should be at most three tenths of [`AuthBuilder::request_timeout`](crate::AuthBuilder::request_timeout).
    ///
    /// A pool that [`connect`](Self::connect) opened uses the limit in its settings.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.0.statement_timeout = timeout;
        self
    }

    /// Calls `watch` with each statement that is about to be sent, except those that begin and end transactions.
    ///
    /// Use this only for tests and measurements, because the statement contains its values, such as addresses and
    /// digests.
    #[must_use]
    pub fn watch(mut self, watch: impl Fn(&Statement) + Send + Sync + 'static) -> Self {
        self.0.watch = Some(Watch::new(watch));
        self
    }

    /// Applies the pending migrations. Any number of instances may call this at the same time.
    ///
    /// # Errors
    /// If the database fails.
    #[cfg(feature = "migrate")]
    pub async fn migrate(&self) -> Result<(), Error> {
        let mut retries = self.retries();
        loop {
            match hallpass_migration::up(&self.0.db).await {
                Ok(()) => return Ok(()),
                // Instances of the previous version may still be running, and may hold locks.
                Err(error) => retries.after(error).await?,
            }
        }
    }

    /// Closes the connection pool once all connections have been returned. SQLite then writes its write-ahead log into
    /// the database file, so that this file contains the whole database.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn close(&self) -> Result<(), Error> {
        #[cfg(feature = "sqlite")]
        self.0.files.close().await;
        self.0
            .db
            .close_by_ref()
            .await
            .map_err(|error| super::error::store_error(&error).into())
    }

    /// Returns the connection pool.
    #[must_use]
    pub fn database(&self) -> &DatabaseConnection {
        &self.0.db
    }
}

#[expect(private_bounds, reason = "there are exactly two")]
impl<D: Database> SeaOrmStore<D> {
    pub(super) fn over(database: D) -> Self {
        Self(database)
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.0.backend()
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    /// Runs a statement that only reads.
    pub(super) async fn read<const N: usize>(
        &self,
        sql: &str,
        values: [Value; N],
    ) -> Result<Vec<QueryResult>, StoreError> {
        let statement = || Statement::from_sql_and_values(self.backend(), sql, values.clone());
        self.query(Access::Read, statement).await
    }

    pub(super) async fn query(
        &self,
        access: Access,
        statement: impl Fn() -> Statement + Send + Sync,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let _turn = match access {
            Access::Read => None,
            Access::Write => self.0.turn().await,
        };
        let mut retries = self.0.retries();
        loop {
            match (self.0.query(access, statement(), &retries).await, access) {
                (Ok(rows), _) => return Ok(rows),
                (Err(error), Access::Read) => retries.after_nothing(error).await?,
                (Err(error), Access::Write) => retries.after(error).await?,
            }
        }
    }

    /// Runs a statement that writes, and returns its rows. When this function returns, the change
    /// is committed, except inside a host's transaction.
    pub(super) async fn write<const N: usize>(
        &self,
        sql: &str,
        values: [Value; N],
    ) -> Result<Vec<QueryResult>, StoreError> {
        let statement = || Statement::from_sql_and_values(self.backend(), sql, values.clone());
        self.query(Access::Write, statement).await
    }

    pub(super) async fn begin(&self, retries: &Retries) -> Result<Txn<'_>, DbErr> {
        self.0.begin(retries).await
    }

    pub(super) fn retries(&self) -> Retries {
        self.0.retries()
    }

    /// Fails if a SQLite file was removed or replaced. [`connect`](SeaOrmStore::connect) records
    /// the files when it opens a pool; for any other pool, the first call of this function records
    /// them.
    pub(super) async fn ensure_in_place(&self) -> Result<(), DbErr> {
        self.0.ensure_in_place().await
    }

    /// How long to wait for an answer to a ping.
    pub(super) fn patience(&self) -> Duration {
        self.0.patience()
    }
}

/// Whether a statement reads or writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    Read,
    Write,
}

/// Executes a store's statements: a [`Pool`], or a host's transaction
/// ([`InTransaction`](super::InTransaction)).
pub(super) trait Database: Send + Sync {
    fn backend(&self) -> DbBackend;

    /// Returns all rows of the statement.
    fn query(
        &self,
        access: Access,
        statement: Statement,
        retries: &Retries,
    ) -> impl Future<Output = Result<Vec<QueryResult>, DbErr>> + Send;

    /// On SQLite, waits until no other call in this process is writing, and returns a guard that
    /// keeps others waiting; elsewhere, returns `None` at once.
    fn turn(&self) -> impl Future<Output = Option<OwnedMutexGuard<()>>> + Send;

    fn begin(&self, retries: &Retries) -> impl Future<Output = Result<Txn<'_>, DbErr>> + Send;

    fn retries(&self) -> Retries;

    /// Fails if writes would be lost because a SQLite file was removed or replaced.
    fn ensure_in_place(&self) -> impl Future<Output = Result<(), DbErr>> + Send;

    fn patience(&self) -> Duration;
}

/// A connection pool.
#[derive(Clone, Debug)]
pub struct Pool {
    db: DatabaseConnection,
    connections: Connections,
    /// Whether a connection is checked before use. This is needed for a pool that the host provides, because such a
    /// pool does not check returned connections.
    checks_before_use: bool,
    /// The time limit of a statement; zero if the host has not declared it.
    statement_timeout: Duration,
    /// SQLite allows one writer at a time. Waiting for this mutex is fair and cheap, whereas waiting for the file lock
    /// means polling.
    writer: Arc<Mutex<()>>,
    #[cfg(feature = "sqlite")]
    files: Files,
    watch: Option<Watch>,
    on_failure: Option<OnFailure>,
}

impl Pool {
    async fn connection(&self, access: Access, retries: &Retries) -> Result<Connection, DbErr> {
        // On SQLite, reads are checked as well, because the check costs no round trip, and a read inside a forgotten
        // transaction would see old data.
        let checks = match access {
            Access::Read => self.backend() == DbBackend::Sqlite,
            Access::Write => true,
        };
        let checks = self.checks_before_use && checks || retries.needs_live_connection();
        let acquired = if checks {
            self.connections.acquire_idle().await
        } else {
            self.connections.acquire().await
        };
        let connection =
            acquired.inspect_err(|_| OnFailure::note(self.on_failure.as_ref(), Failure::Other))?;
        Ok(connection.with_on_failure(self.on_failure.clone()))
    }
}

impl Database for Pool {
    fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn query(
        &self,
        access: Access,
        statement: Statement,
        retries: &Retries,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let mut connection = self.connection(access, retries).await?;
        Watch::note(self.watch.as_ref(), &statement);
        if let Access::Write = access {
            in_time(self.statement_timeout)?;
        }
        connection.query(&statement).await
    }

    async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        match self.backend() {
            DbBackend::Sqlite => Some(Arc::clone(&self.writer).lock_owned().await),
            _ => None,
        }
    }

    async fn begin(&self, retries: &Retries) -> Result<Txn<'_>, DbErr> {
        let turn = self.turn().await;
        let connection = self.connection(Access::Write, retries).await?;
        in_time(self.statement_timeout)?;
        let watch = self.watch.clone();
        Txn::begin(
            connection,
            self.backend(),
            turn,
            watch,
            self.statement_timeout,
        )
        .await
    }

    fn retries(&self) -> Retries {
        Retries::default()
    }

    async fn ensure_in_place(&self) -> Result<(), DbErr> {
        match &self.connections {
            #[cfg(feature = "postgres")]
            Connections::Postgres(_) => Ok(()),
            #[cfg(feature = "sqlite")]
            Connections::Sqlite(pool) => self.files.ensure_in_place(pool).await,
        }
    }

    fn patience(&self) -> Duration {
        self.connections.acquire_timeout()
    }
}

impl<D: Database> fmt::Debug for SeaOrmStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeaOrmStore")
            .field("backend", &self.backend())
            .finish_non_exhaustive()
    }
}
