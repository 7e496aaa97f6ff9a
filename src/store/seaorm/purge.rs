//! The purge in SQL, batch by batch.

use std::array::TryFromSliceError;

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    error::store_error,
    pool::Database,
    row::column,
    transaction::{run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::EventId,
    factor::DeviceId,
    limit::LimitKey,
    secret::TokenDigest,
    store::{PurgeBatch, PurgeStore},
    token::{ChallengeId, SessionId},
};

/// The statements that read one batch of rows from `$table`, in the order of `$key`, and delete rows of that batch. The
/// second statement checks the rows again, because the result of the first statement may be out of date. On Postgres, a
/// row that another transaction has locked is skipped.
struct Purge {
    look: &'static str,
    delete: &'static str,
    delete_locked: &'static str,
}

macro_rules! purge {
    ($table:literal, $key:literal, $is_over:literal) => {
        Purge {
            look: concat!(
                "SELECT ", $key, ", (", $is_over, ") AS is_over FROM ", $table, " WHERE ", $key, " > $1 ORDER BY ",
                $key, " LIMIT $3"
            ),
            delete: purge!(delete $table, $key, $is_over, ""),
            delete_locked: purge!(delete $table, $key, $is_over, " FOR UPDATE SKIP LOCKED"),
        }
    };
    (delete $table:literal, $key:literal, $is_over:literal, $lock:literal) => {
        concat!(
            "DELETE FROM ", $table, " WHERE ", $key, " IN (SELECT ", $key, " FROM ", $table, " WHERE ", $key,
            " > $1 AND ", $key, " <= $4 AND (", $is_over, ") ORDER BY ", $key, " LIMIT $3", $lock, ") AND (",
            $is_over, ") RETURNING ", $key
        )
    };
}

const SESSIONS: Purge = purge!(
    "auth_sessions",
    "id",
    "COALESCE(revoked_at <= $2, FALSE) OR idle_expires_at <= $2 OR absolute_expires_at <= $2"
);

const LIMITS: Purge = purge!("auth_limits", "key", "expires_at <= $2");

const FLOWS: Purge = purge!(
    "auth_oauth_flows",
    "state",
    "expires_at <= $2 AND COALESCE(code_expires_at <= $2, TRUE)"
);

const CHALLENGES: Purge = purge!("auth_challenges", "id", "expires_at <= $2");

const DEVICES: Purge = purge!("auth_devices", "id", "expires_at <= $2");

const ONE_TIME: Purge = purge!(
    "auth_one_time_tokens",
    "digest",
    "expires_at <= $2 AND (purpose <> 'confirm_email_change' OR NOT EXISTS (\
        SELECT 1 FROM auth_outbox o \
        WHERE o.user_id = auth_one_time_tokens.user_id AND o.letter = 'confirm_email_change'))"
);

macro_rules! delete_events {
    ($lock:literal) => {
        concat!(
            "DELETE FROM auth_events WHERE id IN (\
                SELECT id FROM auth_events WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3",
            $lock,
            ") RETURNING id"
        )
    };
}

const EVENTS: &str = delete_events!("");
const EVENTS_LOCKED: &str = delete_events!(" FOR UPDATE SKIP LOCKED");

#[async_trait]
impl<D: Database> PurgeStore for SeaOrmStore<D> {
    async fn purge_sessions(
        &self,
        before: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<PurgeBatch<SessionId>, StoreError> {
        let after = after.map(SessionId::as_uuid);
        purge_by_id(self, &SESSIONS, before, after, limit).await
    }

    async fn purge_one_time(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError> {
        let after = after.as_ref().map(|digest| &digest.as_bytes()[..]);
        purge_by_bytes(self, &ONE_TIME, "digest", before, after, limit).await
    }

    async fn purge_events(
        &self,
        before: Timestamp,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<PurgeBatch<EventId>, StoreError> {
        let after = after.map_or(Uuid::nil(), EventId::as_uuid);
        let end = EventId::first_of(before).as_uuid();
        let sql = if self.is_postgres() {
            EVENTS_LOCKED
        } else {
            EVENTS
        };
        let values = [after.into(), end.into(), i64::from(limit).into()];
        let rows = delete(self, sql, values).await?;
        let ids = rows
            .iter()
            .map(|row| column(row, "id"))
            .collect::<Result<Vec<Uuid>, DbErr>>()
            .map_err(|error| store_error(&error))?;
        let is_full = u32::try_from(ids.len()) == Ok(limit);
        let last = ids.iter().max().copied();
        Ok(PurgeBatch {
            deleted: ids.len() as u64,
            next: last.filter(|_| is_full).map(EventId::from),
        })
    }

    async fn purge_limits(
        &self,
        before: Timestamp,
        after: Option<LimitKey>,
        limit: u32,
    ) -> Result<PurgeBatch<LimitKey>, StoreError> {
        let after = after.as_ref().map(|key| &key.as_bytes()[..]);
        purge_by_bytes(self, &LIMITS, "key", before, after, limit).await
    }

    async fn purge_flows(
        &self,
        before: Timestamp,
        after: Option<TokenDigest>,
        limit: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError> {
        let after = after.as_ref().map(|state| &state.as_bytes()[..]);
        purge_by_bytes(self, &FLOWS, "state", before, after, limit).await
    }

    async fn purge_challenges(
        &self,
        before: Timestamp,
        after: Option<ChallengeId>,
        limit: u32,
    ) -> Result<PurgeBatch<ChallengeId>, StoreError> {
        let after = after.map(ChallengeId::as_uuid);
        purge_by_id(self, &CHALLENGES, before, after, limit).await
    }

    async fn purge_devices(
        &self,
        before: Timestamp,
        after: Option<DeviceId>,
        limit: u32,
    ) -> Result<PurgeBatch<DeviceId>, StoreError> {
        let after = after.map(DeviceId::as_uuid);
        purge_by_id(self, &DEVICES, before, after, limit).await
    }
}

/// Purges one batch of rows whose key is the column `id`.
async fn purge_by_id<D: Database, K: From<Uuid>>(
    store: &SeaOrmStore<D>,
    sql: &Purge,
    before: Timestamp,
    after: Option<Uuid>,
    limit: u32,
) -> Result<PurgeBatch<K>, StoreError> {
    let after = after.unwrap_or(Uuid::nil());
    let read = |row: &QueryResult| column::<Uuid>(row, "id");
    let batch = purge(store, sql, before, after, limit, read).await?;
    Ok(PurgeBatch {
        deleted: batch.deleted,
        next: batch.next.map(K::from),
    })
}

/// Purges one batch of rows whose key is this column of bytes.
async fn purge_by_bytes<D, K>(
    store: &SeaOrmStore<D>,
    sql: &Purge,
    key: &'static str,
    before: Timestamp,
    after: Option<&[u8]>,
    limit: u32,
) -> Result<PurgeBatch<K>, StoreError>
where
    D: Database,
    K: for<'a> TryFrom<&'a [u8], Error = TryFromSliceError>,
{
    let after = after.unwrap_or_default().to_vec();
    let read = |row: &QueryResult| column::<Vec<u8>>(row, key);
    let batch = purge(store, sql, before, after, limit, read).await?;
    let next = batch
        .next
        .as_deref()
        .map(K::try_from)
        .transpose()
        .map_err(|error| StoreError::Corrupt(error.into()))?;
    Ok(PurgeBatch {
        deleted: batch.deleted,
        next,
    })
}

/// Reads first, so that a batch without expired rows blocks no writer.
async fn purge<D: Database, K: Clone + Into<Value>>(
    store: &SeaOrmStore<D>,
    sql: &Purge,
    before: Timestamp,
    after: K,
    limit: u32,
    read: impl Fn(&QueryResult) -> Result<K, DbErr>,
) -> Result<PurgeBatch<K>, StoreError> {
    let count = Value::from(i64::from(limit));
    let values = [after.clone().into(), before.into(), count.clone()];
    let rows = store.read(sql.look, values).await?;
    let last = rows
        .last()
        .map(&read)
        .transpose()
        .map_err(|error| store_error(&error))?;
    let is_over = rows
        .iter()
        .map(|row| column(row, "is_over"))
        .collect::<Result<Vec<bool>, DbErr>>()
        .map_err(|error| store_error(&error))?;
    let mut deleted = 0;
    if let Some(last) = last.clone().filter(|_| is_over.contains(&true)) {
        let sql = if store.is_postgres() {
            sql.delete_locked
        } else {
            sql.delete
        };
        let values = [after.into(), before.into(), count, last.into()];
        deleted = delete(store, sql, values).await?.len() as u64;
    }
    let is_full = u32::try_from(rows.len()) == Ok(limit);
    Ok(PurgeBatch {
        deleted,
        next: last.filter(|_| is_full),
    })
}

/// No request waits for a batch, so the batch gets a longer time limit, which it may need if the disk is busy.
async fn delete<D: Database, const N: usize>(
    store: &SeaOrmStore<D>,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<QueryResult>, StoreError> {
    if !store.is_postgres() {
        return store.write(sql, values).await;
    }
    transaction!(store, |txn| async {
        run(txn, "SET LOCAL statement_timeout = '1min'", []).await?;
        run(txn, sql, values.clone()).await
    })
}
