use std::{fmt, ops::Deref, sync::Arc};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use tokio::sync::{Mutex, MutexGuard};

use super::error::Retries;
use crate::error::{Error, StoreError};

/// The store on a Postgres or SQLite database. Clones share the connection pool.
///
/// On Postgres it works at the isolation level READ COMMITTED, the default.
#[derive(Clone, Copy)]
pub struct SeaOrmStore<D = Pool>(D);

impl SeaOrmStore {
    /// The store on a host's own connection pool.
    ///
    /// On SQLite the pool must have `foreign_keys` on (the driver's default) and a busy timeout; WAL is recommended.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the database is neither Postgres nor SQLite.
    pub fn new(db: DatabaseConnection) -> Result<Self, Error> {
        supported(db.get_database_backend())?;
        Ok(Self(Pool {
            db,
            writer: Arc::default(),
        }))
    }

    /// Applies the pending migrations. Safe when any number of instances start together.
    ///
    /// # Errors
    /// If the database fails.
    #[cfg(feature = "migrate")]
    pub async fn migrate(&self) -> Result<(), Error> {
        let migrated = hallpass_migration::up(&self.0.db).await;
        migrated.map_err(|error| super::error::store_error(&error).into())
    }

    /// The connection pool.
    #[must_use]
    pub fn database(&self) -> &DatabaseConnection {
        &self.0.db
    }
}

impl<'a> SeaOrmStore<InTransaction<'a>> {
    /// The store inside a transaction that the host has opened, and commits or rolls back.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the database is neither Postgres nor SQLite.
    pub fn within(txn: &'a DatabaseTransaction) -> Result<Self, Error> {
        supported(txn.get_database_backend())?;
        Ok(Self(InTransaction(txn)))
    }
}

#[expect(private_bounds, reason = "there are two, and no more to come")]
impl<D: Database> SeaOrmStore<D> {
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
        self.query(|| Statement::from_sql_and_values(self.backend(), sql, values.clone()))
            .await
    }

    pub(super) async fn query(
        &self,
        statement: impl Fn() -> Statement + Send + Sync,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut retries = self.0.retries();
        loop {
            match self.0.query(statement()).await {
                Ok(rows) => return Ok(rows),
                Err(error) => retries.after(error).await?,
            }
        }
    }

    /// Runs a statement that writes, and gives what it returns. It is committed when this returns, except inside a
    /// host's transaction.
    pub(super) async fn write<const N: usize>(
        &self,
        sql: &str,
        values: [Value; N],
    ) -> Result<Vec<QueryResult>, StoreError> {
        let _turn = self.turn().await;
        self.read(sql, values).await
    }

    /// This process's turn to write, on SQLite.
    pub(super) async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        self.0.turn().await
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'_>, DbErr> {
        self.0.begin().await
    }

    pub(super) fn retries(&self) -> Retries {
        self.0.retries()
    }
}

fn supported(backend: DbBackend) -> Result<(), Error> {
    match backend {
        DbBackend::Postgres | DbBackend::Sqlite => Ok(()),
        _ => Err(Error::configuration(
            "the database must be Postgres or SQLite",
        )),
    }
}

/// What a store runs its statements on: a [`Pool`], or a transaction of the host's ([`InTransaction`]).
pub(super) trait Database: Send + Sync {
    fn backend(&self) -> DbBackend;

    /// All rows, never only the first: a driver that stops reading early gives the row back before the statement,
    /// and with it its commit, has ended.
    fn query(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<QueryResult>, DbErr>> + Send;

    fn turn(&self) -> impl Future<Output = Option<MutexGuard<'_, ()>>> + Send;

    fn begin(&self) -> impl Future<Output = Result<Transaction<'_>, DbErr>> + Send;

    fn retries(&self) -> Retries;
}

/// A connection pool.
#[derive(Clone, Debug)]
pub struct Pool {
    db: DatabaseConnection,
    /// SQLite has one writer at a time. Waiting here is fair and costs nothing; waiting for the file's lock is polling.
    writer: Arc<Mutex<()>>,
}

impl Database for Pool {
    fn backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.db.query_all_raw(statement).await
    }

    async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.backend() {
            DbBackend::Sqlite => Some(self.writer.lock().await),
            _ => None,
        }
    }

    /// On SQLite it holds the write lock from its first moment, so that what it reads stays true.
    async fn begin(&self) -> Result<Transaction<'_>, DbErr> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        self.db
            .begin_with_options(options)
            .await
            .map(Transaction::Own)
    }

    fn retries(&self) -> Retries {
        Retries::default()
    }
}

/// A transaction that the host has opened. It holds SQLite's lock itself, and what fails in it is the host's to run
/// again.
#[derive(Clone, Copy, Debug)]
pub struct InTransaction<'a>(&'a DatabaseTransaction);

impl Database for InTransaction<'_> {
    fn backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(statement).await
    }

    async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        None
    }

    async fn begin(&self) -> Result<Transaction<'_>, DbErr> {
        Ok(Transaction::Host(self.0))
    }

    fn retries(&self) -> Retries {
        Retries::none()
    }
}

/// What the statements of one transaction run on.
pub(super) type Txn = DatabaseTransaction;

/// A transaction that several statements share.
#[derive(Debug)]
pub(super) enum Transaction<'a> {
    Own(DatabaseTransaction),
    Host(&'a DatabaseTransaction),
}

impl Transaction<'_> {
    /// Commits, unless that is the host's to do.
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Own(txn) => txn.commit().await,
            Self::Host(_) => Ok(()),
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Txn;

    fn deref(&self) -> &Txn {
        match self {
            Self::Own(txn) => txn,
            Self::Host(txn) => txn,
        }
    }
}

impl<D: Database> fmt::Debug for SeaOrmStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeaOrmStore")
            .field("backend", &self.backend())
            .finish_non_exhaustive()
    }
}

/// Runs a statement inside a transaction, and gives what it returns.
pub(super) async fn run<const N: usize>(
    txn: &Txn,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    txn.query_all_raw(statement).await
}

/// Runs `$work` in a transaction, again if it loses against another one.
macro_rules! transaction {
    ($store:expr, |$txn:ident| $work:expr) => {{
        let _turn = $store.turn().await;
        let mut retries = $store.retries();
        loop {
            let attempt: Result<_, sea_orm::DbErr> = async {
                let txn = $store.begin().await?;
                let $txn: &$crate::seaorm::pool::Txn = &txn;
                let outcome = $work.await?;
                txn.commit().await?;
                Ok(outcome)
            }
            .await;
            match attempt {
                Ok(outcome) => break Ok(outcome),
                Err(error) => retries.after(error).await?,
            }
        }
    }};
}
pub(super) use transaction;
