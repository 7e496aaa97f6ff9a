//! The store on Postgres and SQLite, through SeaORM.

mod address;
pub mod entity;
mod error;
mod event;
mod flow;
mod identity;
mod limit;
mod one_time;
mod outbox;
mod outbox_entry;
mod pool;
mod purge;
mod row;
mod session;
mod settings;
mod token;
mod user;
mod user_change;

use async_trait::async_trait;
use sea_orm::DatabaseTransaction;

use self::pool::Database;
pub use self::{
    pool::{InTransaction, Pool, SeaOrmStore},
    settings::ConnectSettings,
};
use crate::{
    error::{Result, StoreError},
    store::{Store, Transaction},
};

#[async_trait]
impl<D: Database> Store for SeaOrmStore<D> {
    async fn ping(&self) -> Result<(), StoreError> {
        self.read("SELECT 1", []).await.map(drop)
    }
}

impl Transaction for DatabaseTransaction {
    fn store(&self) -> Result<Box<dyn Store + '_>> {
        Ok(Box::new(SeaOrmStore::within(self)?))
    }
}
