use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};
use serde_json::json;

use super::{
    SeaOrmStore,
    error::unreadable,
    event::{self, record},
    outbox_entry,
    pool::Database,
    row::{column, object, parsed},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{
        Admission, ClaimedIntent, Intent, IntentId, MailEntry, MailStatus, OutboxStore, Recipient,
    },
    user::{EmailAddress, UserId},
};

/// On Postgres: writes the mails in parameter `$parameter` (see [`intents`]) in the statement of their fact, once for
/// each row of `$from`. Those for the user of the fact go to `$user`.
macro_rules! order {
    ($parameter:literal, $user:literal, $from:literal) => {
        concat!(
            "INSERT INTO auth_outbox (id, letter, user_id, address, payload, created_at, not_after, due_at, state, \
                attempts, admitted) \
            SELECT m.id, m.letter, CASE WHEN m.address IS NULL THEN COALESCE(m.user_id, ",
            $user,
            ") ELSE m.user_id END, m.address, m.payload, m.created_at, m.not_after, m.created_at, 'pending', 0, FALSE \
            FROM jsonb_to_recordset(",
            $parameter,
            "::jsonb) AS m(id uuid, letter text, user_id uuid, address text, payload jsonb, created_at timestamptz, \
                not_after timestamptz)",
            $from
        )
    };
}
pub(super) use order;

const INSERT: &str = "\
    INSERT INTO auth_outbox (id, letter, user_id, address, payload, created_at, not_after, due_at, state, attempts, \
        admitted) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $6, 'pending', 0, FALSE)";

const ENQUEUE: &str = concat!(
    "WITH o AS (",
    order!("$1", "NULL", ""),
    ") ",
    record!(
        "$2",
        "COALESCE($3, (SELECT u.id FROM auth_users u WHERE u.email_canonical = $4))"
    )
);

const HOLDER: &str = "SELECT id FROM auth_users WHERE email_canonical = $1";

/// What others hold is skipped, not waited for. MATERIALIZED, so that the limit is applied once.
const CLAIM: &str = "\
    WITH due AS MATERIALIZED (\
        SELECT id, due_at FROM auth_outbox WHERE state = 'pending' AND due_at <= $1 \
        ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED\
    ) \
    UPDATE auth_outbox o SET due_at = $2, attempts = o.attempts + 1 FROM due WHERE o.id = due.id \
    RETURNING o.id, o.letter, o.user_id, o.address, o.payload, o.created_at, o.not_after, o.attempts, \
        o.admitted, o.last_error, due.due_at AS was_due_at";

const ANY_DUE: &str = "SELECT 1 FROM auth_outbox WHERE state = 'pending' AND due_at <= $1 LIMIT 1";

const DUE: &str = "\
    SELECT id, letter, user_id, address, payload, created_at, not_after, attempts + 1 AS attempts, \
        admitted, last_error, due_at AS was_due_at \
    FROM auth_outbox WHERE state = 'pending' AND due_at <= $1 ORDER BY due_at, id LIMIT $2";

const LEASE: &str = "UPDATE auth_outbox SET due_at = $2, attempts = attempts + 1 WHERE id = $1";

const COMPLETE: &str =
    "DELETE FROM auth_outbox WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const POSTPONE: &str = "UPDATE auth_outbox SET due_at = $3, last_error = $4 WHERE id = $1 AND attempts = $2 AND state = 'pending'";

#[async_trait]
impl<D: Database> OutboxStore for SeaOrmStore<D> {
    async fn enqueue(&self, orders: &[Intent], event: Option<&Event>) -> Result<(), StoreError> {
        let recipient = orders.first().map(|intent| &intent.recipient);
        let (user, address) = recipient.map_or((None, None), Recipient::to_columns);
        let holder = address.map(|address| Value::from(address.canonical()));
        if self.is_postgres() {
            let user = user.map(UserId::as_uuid).into();
            let holder = holder.unwrap_or(Value::String(None));
            let values = [intents(orders), event::events(event), user, holder];
            return self.write(ENQUEUE, values).await.map(drop);
        }
        transaction!(self, |txn| async {
            insert(txn, orders, None).await?;
            let Some(event) = event else {
                return Ok(());
            };
            let user = match (user, &holder) {
                (None, Some(holder)) => {
                    let rows = run(txn, HOLDER, [holder.clone()]).await?;
                    let id = rows.first().map(|row| column::<Uuid>(row, "id"));
                    id.transpose()?.map(UserId::from)
                }
                (user, _) => user,
            };
            event::insert(txn, event, user).await
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

    async fn bury(&self, id: IntentId, attempt: i32, error: &str) -> Result<(), StoreError> {
        outbox_entry::bury(self, id, attempt, error).await
    }

    async fn admit(
        &self,
        id: IntentId,
        attempt: i32,
        admission: &Admission,
    ) -> Result<bool, StoreError> {
        outbox_entry::admit(self, id, attempt, admission).await
    }

    async fn list_mail(
        &self,
        status: Option<MailStatus>,
        after: Option<IntentId>,
        limit: u32,
    ) -> Result<Vec<MailEntry>, StoreError> {
        outbox_entry::list(self, status, after, limit).await
    }

    async fn retry_mail(&self, id: IntentId, now: Timestamp) -> Result<bool, StoreError> {
        outbox_entry::retry(self, id, now).await
    }

    async fn purge_mail(
        &self,
        dead_before: Timestamp,
        budget_before: Timestamp,
    ) -> Result<(), StoreError> {
        outbox_entry::purge(self, dead_before, budget_before).await
    }
}

/// What [`order!`] takes.
pub(super) fn intents<'a>(intents: impl IntoIterator<Item = &'a Intent>) -> Value {
    let records = intents.into_iter().map(|intent| {
        let (user, address) = intent.recipient.to_columns();
        json!({
            "id": intent.id,
            "letter": intent.letter.as_str(),
            "user_id": user,
            "address": address.map(EmailAddress::as_str),
            "payload": intent.payload,
            "created_at": intent.created_at,
            "not_after": intent.not_after,
        })
    });
    serde_json::Value::Array(records.collect()).into()
}

/// Writes the mails of a fact about this user in its transaction.
pub(super) async fn insert<'a>(
    txn: &Txn<'_>,
    intents: impl IntoIterator<Item = &'a Intent>,
    user: Option<UserId>,
) -> Result<(), DbErr> {
    for intent in intents {
        let Some(recipient) = intent.recipient.of(user) else {
            continue;
        };
        let (user, address) = recipient.to_columns();
        let values: [Value; 7] = [
            intent.id.as_uuid().into(),
            intent.letter.as_str().into(),
            user.map(UserId::as_uuid).into(),
            address.map(|address| address.as_str().to_owned()).into(),
            serde_json::Value::Object(intent.payload.clone()).into(),
            intent.created_at.into(),
            intent.not_after.into(),
        ];
        run(txn, INSERT, values).await?;
    }
    Ok(())
}

/// The claim inside a transaction that nobody can write beside.
async fn lease(
    txn: &Txn<'_>,
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
    let intent = intent(row)?;
    let attempt = column(row, "attempts")?;
    let claimed = ClaimedIntent {
        intent,
        attempt,
        admitted: column(row, "admitted")?,
        last_error: column(row, "last_error")?,
    };
    Ok((column(row, "was_due_at")?, claimed))
}

fn intent(row: &QueryResult) -> Result<Intent, DbErr> {
    let user = column::<Option<Uuid>>(row, "user_id")?.map(UserId::from);
    let address = column::<Option<String>>(row, "address")?;
    let address = address.map(EmailAddress::from_stored).transpose();
    let address = address.map_err(|error| unreadable("address", error))?;
    let recipient = Recipient::from_columns(user, address);
    Ok(Intent {
        id: column::<Uuid>(row, "id")?.into(),
        letter: parsed(row, "letter")?,
        recipient: recipient.ok_or_else(|| unreadable("user_id", "neither user nor address"))?,
        payload: object("payload", column(row, "payload")?)?,
        created_at: column(row, "created_at")?,
        not_after: column(row, "not_after")?,
    })
}
