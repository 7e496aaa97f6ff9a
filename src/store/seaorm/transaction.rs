//! A transaction that several statements share.
//!
//! BEGIN and COMMIT each run in their own task, so that neither is cancelled if the caller
//! disconnects. After a cancelled BEGIN, the connection would return to the pool inside a
//! transaction.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement, Value};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{
    connection::Connection,
    error::{in_time, internal},
    watch::Watch,
};

/// A transaction that a host has opened.
#[async_trait]
pub(super) trait HostTransaction: fmt::Debug + Send + Sync {
    fn backend(&self) -> DbBackend;

    /// Returns all rows of the statement.
    async fn query(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr>;
}

/// The transaction that statements run in.
#[derive(Debug)]
pub(super) enum Txn<'a> {
    Own(Own),
    /// A transaction that the host has opened, and will end.
    Host(&'a dyn HostTransaction),
}

impl Txn<'_> {
    /// # Errors
    /// If the database fails.
    pub(super) async fn begin(
        mut connection: Connection,
        backend: DbBackend,
        turn: Option<OwnedMutexGuard<()>>,
        watch: Option<Watch>,
        statement_timeout: Duration,
    ) -> Result<Txn<'static>, DbErr> {
        outliving(async move {
            connection.begin().await?;
            let held = Held {
                connection,
                watch,
                _turn: turn,
            };
            Ok(Txn::Own(Own {
                backend,
                statement_timeout,
                held: Some(Mutex::new(held)),
            }))
        })
        .await
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    pub(super) fn backend(&self) -> DbBackend {
        match self {
            Self::Own(own) => own.backend,
            Self::Host(txn) => txn.backend(),
        }
    }

    pub(super) async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Own(Own {
                held: Some(held), ..
            }) => {
                let mut held = held.lock().await;
                Watch::note(held.watch.as_ref(), &statement);
                held.connection.query(&statement).await
            }
            Self::Own(Own { held: None, .. }) => Err(internal("the transaction has ended")),
            Self::Host(txn) => txn.query(&statement).await,
        }
    }

    /// Commits the transaction, unless the host will end it.
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Own(mut own) => {
                // If the `?` returns early, the transaction is dropped and thereby rolled back.
                in_time(own.statement_timeout)?;
                match own.held.take() {
                    Some(held) => outliving(held.into_inner().commit()).await,
                    None => Err(internal("the transaction has ended")),
                }
            }
            Self::Host(_) => Ok(()),
        }
    }

    /// Rolls the transaction back, unless the host will end it.
    pub(super) async fn rollback(self) {
        if let Self::Own(mut own) = self
            && let Some(held) = own.held.take()
            && let Err(error) = tokio::spawn(held.into_inner().rollback()).await
        {
            tracing::warn!(%error, "the task that rolls back has failed");
        }
    }
}

/// An open transaction on a pool connection. If it is dropped, a task rolls it back.
#[derive(Debug)]
pub(super) struct Own {
    backend: DbBackend,
    statement_timeout: Duration,
    /// `None` once the transaction has ended.
    held: Option<Mutex<Held>>,
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            tokio::spawn(held.into_inner().rollback());
        }
    }
}

/// The connection, and on SQLite the lock that keeps other calls of this process from writing. Both
/// are released once the transaction has ended.
#[derive(Debug)]
struct Held {
    connection: Connection,
    watch: Option<Watch>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Held {
    async fn commit(self) -> Result<(), DbErr> {
        self.connection.commit().await
    }

    async fn rollback(self) {
        self.connection.rollback().await;
    }
}

/// Runs a statement inside a transaction, and returns its rows.
pub(super) async fn run<const N: usize>(
    txn: &Txn<'_>,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<QueryResult>, DbErr> {
    txn.query(Statement::from_sql_and_values(txn.backend(), sql, values))
        .await
}

async fn outliving<T: Send + 'static>(
    work: impl Future<Output = Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    tokio::spawn(work)
        .await
        .unwrap_or_else(|error| Err(internal(error.to_string())))
}

/// Runs `$work` in a transaction. The work runs again in a new transaction if the transaction conflicts with a
/// concurrent one, or if its connection is lost before COMMIT.
macro_rules! transaction {
    ($store:expr, |$txn:ident| $work:expr) => {{
        let mut retries = $store.retries();
        loop {
            let error = match $store.begin(&retries).await {
                Ok(txn) => {
                    let done: Result<_, sea_orm::DbErr> = {
                        let $txn: &$crate::store::seaorm::transaction::Txn<'_> = &txn;
                        $work.await
                    };
                    match done {
                        Ok(outcome) => match txn.commit().await {
                            Ok(()) => break Ok(outcome),
                            Err(error) => {
                                retries.after(error).await?;
                                continue;
                            }
                        },
                        Err(error) => {
                            txn.rollback().await;
                            error
                        }
                    }
                }
                Err(error) => error,
            };
            retries.after_nothing(error).await?;
        }
    }};
}
pub(super) use transaction;
