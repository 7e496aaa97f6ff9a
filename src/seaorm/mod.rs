//! The store on Postgres and SQLite, through SeaORM.

pub mod entity;
mod error;
mod one_time;
mod outbox;
mod pool;
mod row;
mod settings;
mod token;
mod user;

use async_trait::async_trait;

pub use self::{pool::SeaOrmStore, settings::ConnectSettings};
use crate::{error::StoreError, store::Store};

#[async_trait]
impl Store for SeaOrmStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.database()
            .ping()
            .await
            .map_err(|error| error::store_error(&error))
    }
}
