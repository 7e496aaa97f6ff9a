//! Transactions that a host has opened, with SeaORM or with sqlx.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
#[cfg(feature = "postgres")]
use sea_orm::sqlx::{PgConnection, Postgres};
#[cfg(feature = "sqlite")]
use sea_orm::sqlx::{Sqlite, SqliteConnection};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement, sqlx,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

#[cfg(feature = "postgres")]
use super::connection::fetch_postgres;
#[cfg(feature = "sqlite")]
use super::connection::fetch_sqlite;
use super::{
    SeaOrmStore,
    error::Retries,
    pool::{Access, Database},
    transaction::{HostTransaction, Txn},
};
use crate::{
    error::{Error, Result},
    store::{Store, Transaction},
};

/// A transaction that the host has opened. On SQLite, the lock of that transaction keeps other writers out. The store
/// retries nothing, because only the host can run the whole transaction again.
#[derive(Clone, Debug)]
pub struct InTransaction<'a>(Arc<dyn HostTransaction + 'a>);

impl<'a> SeaOrmStore<InTransaction<'a>> {
    /// Creates a store inside a transaction that the host has opened, and will commit or roll back.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the database is neither Postgres nor SQLite.
    pub fn within(txn: &'a DatabaseTransaction) -> Result<Self> {
        match txn.get_database_backend() {
            DbBackend::Postgres | DbBackend::Sqlite => Ok(Self::inside(txn)),
            _ => Err(Error::configuration(
                "the database must be Postgres or SQLite",
            )),
        }
    }

    fn inside(txn: impl HostTransaction + 'a) -> Self {
        Self::over(InTransaction(Arc::new(txn)))
    }
}

impl Database for InTransaction<'_> {
    fn backend(&self) -> DbBackend {
        self.0.backend()
    }

    async fn query(
        &self,
        _: Access,
        statement: Statement,
        _: &Retries,
    ) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query(&statement).await
    }

    async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        None
    }

    async fn begin(&self, _: &Retries) -> Result<Txn<'_>, DbErr> {
        Ok(Txn::Host(&*self.0))
    }

    fn retries(&self) -> Retries {
        Retries::of_host()
    }

    async fn ensure_in_place(&self) -> Result<(), DbErr> {
        Ok(())
    }

    fn patience(&self) -> Duration {
        Duration::MAX
    }
}

#[async_trait]
impl HostTransaction for &DatabaseTransaction {
    fn backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn query(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.query_all_raw(statement.clone()).await
    }
}

impl<'a> Transaction<'a> for &'a DatabaseTransaction {
    fn into_store(self) -> Result<Box<dyn Store + 'a>> {
        Ok(Box::new(SeaOrmStore::within(self)?))
    }
}

/// The connection of an sqlx transaction. The mutex lets one statement run at a time.
struct OfSqlx<'a, C>(Mutex<&'a mut C>);

impl<C> fmt::Debug for OfSqlx<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfSqlx")
    }
}

macro_rules! of_sqlx {
    ($driver:ident, $connection:ident, $fetch:ident) => {
        #[async_trait]
        impl HostTransaction for OfSqlx<'_, $connection> {
            fn backend(&self) -> DbBackend {
                DbBackend::$driver
            }

            async fn query(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
                let mut connection = self.0.lock().await;
                $fetch(&mut **connection, statement)
                    .await
                    .map_err(|error| DbErr::Query(sea_orm::RuntimeErr::SqlxError(error.into())))
            }
        }

        impl<'a> Transaction<'a> for &'a mut sqlx::Transaction<'_, $driver> {
            fn into_store(self) -> Result<Box<dyn Store + 'a>> {
                let connection: &'a mut $connection = &mut *self;
                Ok(Box::new(SeaOrmStore::inside(OfSqlx(Mutex::new(
                    connection,
                )))))
            }
        }
    };
}

#[cfg(feature = "postgres")]
of_sqlx!(Postgres, PgConnection, fetch_postgres);
#[cfg(feature = "sqlite")]
of_sqlx!(Sqlite, SqliteConnection, fetch_sqlite);
