use std::{fmt, sync::Arc};

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
#[derive(Clone)]
pub struct SeaOrmStore {
    db: DatabaseConnection,
    /// SQLite has one writer at a time. Waiting here is fair and costs nothing; waiting for the file's lock is polling.
    writer: Arc<Mutex<()>>,
}

impl SeaOrmStore {
    /// The store on a host's own connection pool.
    ///
    /// On SQLite the pool must have `foreign_keys` on (the driver's default) and a busy timeout; WAL is recommended.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the database is neither Postgres nor SQLite.
    pub fn new(db: DatabaseConnection) -> Result<Self, Error> {
        match db.get_database_backend() {
            DbBackend::Postgres | DbBackend::Sqlite => Ok(Self {
                db,
                writer: Arc::default(),
            }),
            _ => Err(Error::configuration(
                "the database must be Postgres or SQLite",
            )),
        }
    }

    /// Applies the pending migrations. Safe when any number of instances start together.
    ///
    /// # Errors
    /// If the database fails.
    #[cfg(feature = "migrate")]
    pub async fn migrate(&self) -> Result<(), Error> {
        let migrated = hallpass_migration::up(&self.db).await;
        migrated.map_err(|error| super::error::store_error(&error).into())
    }

    /// The connection pool.
    #[must_use]
    pub fn database(&self) -> &DatabaseConnection {
        &self.db
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.db.get_database_backend() == DbBackend::Postgres
    }

    /// Runs a statement that only reads.
    pub(super) async fn read<const N: usize>(
        &self,
        sql: &str,
        values: [Value; N],
    ) -> Result<Vec<QueryResult>, StoreError> {
        self.query(|| self.statement(sql, values.clone())).await
    }

    pub(super) async fn query(
        &self,
        statement: impl Fn() -> Statement,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut retries = Retries::default();
        loop {
            // All rows, never only the first: a driver that stops reading early gives the row back before the
            // statement, and with it its commit, has ended.
            match self.db.query_all_raw(statement()).await {
                Ok(rows) => return Ok(rows),
                Err(error) => retries.after(error).await?,
            }
        }
    }

    /// Runs a statement that writes, and gives what it returns. It is committed when this returns.
    pub(super) async fn write<const N: usize>(
        &self,
        sql: &str,
        values: [Value; N],
    ) -> Result<Vec<QueryResult>, StoreError> {
        let _turn = self.turn().await;
        self.read(sql, values).await
    }

    fn statement<const N: usize>(&self, sql: &str, values: [Value; N]) -> Statement {
        Statement::from_sql_and_values(self.db.get_database_backend(), sql, values)
    }

    /// This process's turn to write, on SQLite.
    pub(super) async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        if self.is_postgres() {
            None
        } else {
            Some(self.writer.lock().await)
        }
    }

    /// A transaction that holds SQLite's write lock from its first moment, so that what it reads stays true.
    pub(super) async fn begin_immediate(&self) -> Result<DatabaseTransaction, DbErr> {
        self.db
            .begin_with_options(TransactionOptions {
                isolation_level: None,
                access_mode: None,
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            })
            .await
    }
}

impl fmt::Debug for SeaOrmStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeaOrmStore")
            .field("backend", &self.db.get_database_backend())
            .finish_non_exhaustive()
    }
}

/// Runs a statement inside a transaction, and gives what it returns.
pub(super) async fn run<const N: usize>(
    txn: &DatabaseTransaction,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    txn.query_all_raw(statement).await
}

/// Runs `$work` in an immediate SQLite transaction, again if it loses against another process.
macro_rules! immediate {
    ($store:expr, |$txn:ident| $work:expr) => {{
        let _turn = $store.turn().await;
        let mut retries = $crate::seaorm::error::Retries::default();
        loop {
            let attempt: Result<_, sea_orm::DbErr> = async {
                let txn = $store.begin_immediate().await?;
                let $txn = &txn;
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
pub(super) use immediate;
