use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    event::{self, events, record},
    pool::{Database, run, transaction},
    row::{column, parsed},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{ClaimedIntent, Intent, IntentId, OutboxStore},
    user::UserId,
};

const ENQUEUE: &str = "\
    INSERT INTO auth_outbox (id, letter, address, created_at, not_after, due_at, attempts) \
    VALUES ($1, $2, $3, $4, $5, $4, 0)";

const ENQUEUE_RECORDED: &str = concat!(
    "WITH o AS (\
        INSERT INTO auth_outbox (id, letter, address, created_at, not_after, due_at, attempts) \
        VALUES ($1, $2, $3, $4, $5, $4, 0)\
    ) ",
    record!(
        "$6",
        "(SELECT u.id FROM auth_users u WHERE u.email_canonical = $7)"
    )
);

const HOLDER: &str = "SELECT id FROM auth_users WHERE email_canonical = $1";

/// What others hold is skipped, not waited for. MATERIALIZED, so that the limit is applied once.
const CLAIM: &str = "\
    WITH due AS MATERIALIZED (\
        SELECT id, due_at FROM auth_outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED\
    ) \
    UPDATE auth_outbox o SET due_at = $2, attempts = o.attempts + 1 FROM due WHERE o.id = due.id \
    RETURNING o.id, o.letter, o.address, o.created_at, o.not_after, o.attempts, due.due_at AS was_due_at";

const ANY_DUE: &str = "SELECT 1 FROM auth_outbox WHERE due_at <= $1 LIMIT 1";

const DUE: &str = "\
    SELECT id, letter, address, created_at, not_after, attempts + 1 AS attempts, due_at AS was_due_at \
    FROM auth_outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2";

const LEASE: &str = "UPDATE auth_outbox SET due_at = $2, attempts = attempts + 1 WHERE id = $1";

const COMPLETE: &str = "DELETE FROM auth_outbox WHERE id = $1 AND attempts = $2";

const POSTPONE: &str =
    "UPDATE auth_outbox SET due_at = $3, last_error = $4 WHERE id = $1 AND attempts = $2";

#[async_trait]
impl<D: Database> OutboxStore for SeaOrmStore<D> {
    async fn enqueue(&self, intent: &Intent, event: Option<&Event>) -> Result<(), StoreError> {
        let values = || -> [Value; 5] {
            [
                intent.id.as_uuid().into(),
                intent.letter.as_str().into(),
                intent.address.as_str().into(),
                intent.created_at.into(),
                intent.not_after.into(),
            ]
        };
        let Some(event) = event else {
            return self.write(ENQUEUE, values()).await.map(drop);
        };
        let holder = Value::from(intent.address.canonical());
        if self.is_postgres() {
            let [id, letter, address, created_at, not_after] = values();
            let event = events([event]);
            let values = [id, letter, address, created_at, not_after, event, holder];
            return self.write(ENQUEUE_RECORDED, values).await.map(drop);
        }
        transaction!(self, |txn| async {
            run(txn, ENQUEUE, values()).await?;
            let rows = run(txn, HOLDER, [holder.clone()]).await?;
            let id = rows
                .first()
                .map(|row| column::<Uuid>(row, "id"))
                .transpose()?;
            event::insert(txn, event, id.map(UserId::from)).await
        })
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedIntent>, StoreError> {
        let limit = Value::from(i64::from(limit));
        let rows = if self.is_postgres() {
            let values = [now.into(), lease_until.into(), limit];
            self.write(CLAIM, values).await?
        } else {
            // An idle worker asks often, and should not hold up the writers.
            if self.read(ANY_DUE, [now.into()]).await?.is_empty() {
                return Ok(Vec::new());
            }
            transaction!(self, |txn| lease(txn, now, lease_until, limit.clone()))?
        };
        let mut claimed: Vec<_> = rows.iter().filter_map(readable).collect();
        claimed.sort_by_key(|(was_due_at, claimed)| (*was_due_at, claimed.intent.id));
        Ok(claimed.into_iter().map(|(_, claimed)| claimed).collect())
    }

    async fn complete(&self, id: IntentId, attempt: i32) -> Result<(), StoreError> {
        let values = [id.as_uuid().into(), attempt.into()];
        self.write(COMPLETE, values).await?;
        Ok(())
    }

    async fn postpone(
        &self,
        id: IntentId,
        attempt: i32,
        due_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        let values = [
            id.as_uuid().into(),
            attempt.into(),
            due_at.into(),
            error.into(),
        ];
        self.write(POSTPONE, values).await?;
        Ok(())
    }
}

/// The claim inside a transaction that nobody can write beside.
async fn lease(
    txn: &DatabaseTransaction,
    now: Timestamp,
    lease_until: Timestamp,
    limit: Value,
) -> Result<Vec<QueryResult>, DbErr> {
    let rows = run(txn, DUE, [now.into(), limit]).await?;
    for row in &rows {
        let id: Uuid = column(row, "id")?;
        run(txn, LEASE, [id.into(), lease_until.into()]).await?;
    }
    Ok(rows)
}

/// One row that this version cannot read, such as a letter of a newer one, must not hold up the others. Its lease
/// ends, and another instance may know it.
fn readable(row: &QueryResult) -> Option<(Timestamp, ClaimedIntent)> {
    claimed(row)
        .inspect_err(|error| tracing::error!(%error, "a mail in the outbox cannot be read"))
        .ok()
}

/// The intent, and when it had been due.
fn claimed(row: &QueryResult) -> Result<(Timestamp, ClaimedIntent), DbErr> {
    let intent = Intent {
        id: column::<Uuid>(row, "id")?.into(),
        letter: parsed(row, "letter")?,
        address: parsed(row, "address")?,
        created_at: column(row, "created_at")?,
        not_after: column(row, "not_after")?,
    };
    let attempt = column(row, "attempts")?;
    Ok((
        column(row, "was_due_at")?,
        ClaimedIntent { intent, attempt },
    ))
}
