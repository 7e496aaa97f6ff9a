//! The secret limit counter key, stored in `auth_limit_keys` with one row for each master secret that seals it.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult};

use super::{
    SeaOrmStore,
    error::{store_error, unreadable},
    pool::Database,
    row::column,
    transaction::{Txn, run, transaction},
};
use crate::{error::StoreError, limit::SealedKey, store::LimitKeyStore};

/// Reads the whole table, because a service has at most a handful of secrets.
const ALL: &str = "SELECT label, sealed FROM auth_limit_keys";

const KEEP: &str = "INSERT INTO auth_limit_keys (label, sealed) VALUES ($1, $2)";

/// Admits one transaction at a time. No other lock in the database has this key. The statement that follows sees the
/// rows that the previous holder of the lock committed.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7236838301947564133)";

#[async_trait]
impl<D: Database> LimitKeyStore for SeaOrmStore<D> {
    async fn agree_on_limit_key(
        &self,
        offered: &[SealedKey],
    ) -> Result<Vec<SealedKey>, StoreError> {
        let rows = self.read(ALL, []).await?;
        let found = among(offered, &rows).map_err(|error| store_error(&error))?;
        if !found.is_empty() {
            return Ok(found);
        }
        transaction!(self, |txn| agree_in(txn, offered))
    }
}

async fn agree_in(txn: &Txn<'_>, offered: &[SealedKey]) -> Result<Vec<SealedKey>, DbErr> {
    if txn.is_postgres() {
        run(txn, LOCK, []).await?;
    }
    let rows = run(txn, ALL, []).await?;
    let found = among(offered, &rows)?;
    if !found.is_empty() {
        return Ok(found);
    }
    for SealedKey { label, sealed } in offered {
        run(txn, KEEP, [label.to_vec().into(), sealed.clone().into()]).await?;
    }
    Ok(offered.to_vec())
}

fn among(offered: &[SealedKey], rows: &[QueryResult]) -> Result<Vec<SealedKey>, DbErr> {
    let mut found = Vec::new();
    for row in rows {
        let label: Vec<u8> = column(row, "label")?;
        let label =
            <[u8; 16]>::try_from(label.as_slice()).map_err(|error| unreadable("label", error))?;
        if offered.iter().any(|other| other.label == label) {
            let sealed = column(row, "sealed")?;
            found.push(SealedKey { label, sealed });
        }
    }
    Ok(found)
}
