//! The store on Postgres and SQLite, through SeaORM.

mod account;
mod address;
mod administrator;
mod browser_session;
mod challenge;
mod checked;
mod conditions;
mod connection;
mod dead_letter;
mod device;
mod ended;
pub mod entity;
mod error;
mod event;
mod factor;
#[cfg(feature = "sqlite")]
mod file;
mod flow;
mod host;
mod identity;
mod idle;
mod limit_key;
mod limiter;
mod one_time_token;
mod opening;
mod operator;
mod order;
mod outbox;
mod outbox_claim;
mod password;
mod pool;
mod purge;
mod rotation;
mod row;
mod secure_account;
mod session;
mod settings;
mod takeover;
mod transaction;
mod user;
mod watch;

use async_trait::async_trait;
use sea_orm::Value;
use tokio::time::timeout;

/// The version of SeaORM that the store runs on, for hosts that use the same database. The driver is `sea_orm::sqlx`.
pub use ::sea_orm;

use self::pool::Database;
pub use self::{
    host::InTransaction,
    pool::{Pool, SeaOrmStore},
    settings::ConnectSettings,
};
use crate::{
    clock::Timestamp,
    error::{Result, StoreError},
    store::Store,
};

/// The newest migration that this version needs. Migrations of a newer version may have run as well.
const NEWEST_MIGRATION: &str = "m20261201_000019_signing_keys";

const PING: &str = "\
    INSERT INTO auth_limits AS l (key, until_at, attempts, expires_at) SELECT $1, $2, 0, $2 \
    WHERE EXISTS (SELECT 1 FROM auth_migrations WHERE name = $3) \
    ON CONFLICT (key) DO UPDATE SET attempts = 1 - l.attempts RETURNING key";

#[async_trait]
impl<D: Database> Store for SeaOrmStore<D> {
    async fn ping(&self) -> Result<(), StoreError> {
        timeout(self.patience(), show_life(self))
            .await
            .unwrap_or_else(|_| {
                let text = "the database did not answer within the time to get a connection";
                Err(StoreError::Unavailable(text.into()))
            })
    }
}

async fn show_life<D: Database>(store: &SeaOrmStore<D>) -> Result<(), StoreError> {
    // This check comes first, because without the file a write fails as if the tables were missing.
    store
        .ensure_in_place()
        .await
        .map_err(|error| error::store_error(&error))?;
    // The probability that a real counter has this key is 2^-128. The row is written as expired, so
    // the purge may delete it.
    let values = [
        Value::from(b"hallpass: alive?".to_vec()),
        Timestamp::UNIX_EPOCH.into(),
        NEWEST_MIGRATION.into(),
    ];
    if store.write(PING, values).await?.is_empty() {
        return Err(StoreError::Schema("migrations are pending".into()));
    }
    Ok(())
}
