//! What becomes of mails besides being sent: budgets, dead letters, and what operators do with them.

use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    error::unreadable,
    pool::Database,
    row::{column, parsed},
    token::bytes,
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    mail::{Admission, IntentId, MailEntry, MailStatus},
    user::{EmailAddress, UserId},
};

/// The last five are kept, the latest first.
macro_rules! take {
    ($values:literal) => {
        concat!(
            "INSERT INTO auth_mail_budgets AS b (key, sent_1) ",
            $values,
            " ON CONFLICT (key) DO UPDATE SET sent_1 = excluded.sent_1, sent_2 = b.sent_1, sent_3 = b.sent_2, \
                sent_4 = b.sent_3, sent_5 = b.sent_4 \
            WHERE b.sent_1 <= $3 AND (b.sent_5 IS NULL OR b.sent_5 <= $4) \
            RETURNING key"
        )
    };
}

const TAKE: &str = take!("VALUES ($1, $2)");

const ADMIT: &str = concat!(
    "WITH o AS (\
        SELECT id FROM auth_outbox WHERE id = $5 AND attempts = $6 AND state = 'pending' FOR UPDATE\
    ), b AS (",
    take!("SELECT $1, $2 FROM o"),
    ") UPDATE auth_outbox m SET admitted = TRUE FROM o, b WHERE m.id = o.id RETURNING m.id"
);

const LEASED: &str =
    "SELECT id FROM auth_outbox WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const SET_ADMITTED: &str = "\
    UPDATE auth_outbox SET admitted = TRUE WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const BURY: &str = "\
    UPDATE auth_outbox SET state = 'dead', last_error = $3 WHERE id = $1 AND attempts = $2 AND state = 'pending'";

/// Each condition stands in the text, so that the index of the dead is of use.
macro_rules! list {
    ($condition:literal) => {
        concat!(
            "SELECT o.id, o.letter, COALESCE(o.address, u.email) AS recipient, o.user_id, o.state, o.attempts, \
                o.last_error, o.created_at, o.due_at \
            FROM auth_outbox o LEFT JOIN auth_users u ON u.id = o.user_id \
            WHERE o.id < $1",
            $condition,
            " ORDER BY o.id DESC LIMIT $2"
        )
    };
}

const LIST: &str = list!("");
const LIST_DEAD: &str = list!(" AND o.state = 'dead'");
const LIST_PENDING: &str = list!(" AND o.state = 'pending'");

const TIMES: &str = "SELECT state, created_at, not_after FROM auth_outbox WHERE id = $1";

const REVIVE: &str = "\
    UPDATE auth_outbox SET state = 'pending', due_at = $2, not_after = $3 WHERE id = $1 AND state = 'dead'";

const PURGE_DEAD: &str = "DELETE FROM auth_outbox WHERE state = 'dead' AND created_at < $1";

const PURGE_BUDGETS: &str = "DELETE FROM auth_mail_budgets WHERE sent_1 < $1";

pub(super) async fn bury<D: Database>(
    store: &SeaOrmStore<D>,
    id: IntentId,
    attempt: i32,
    error: &str,
) -> Result<(), StoreError> {
    let values = [id.as_uuid().into(), attempt.into(), error.into()];
    store.write(BURY, values).await.map(drop)
}

pub(super) async fn admit<D: Database>(
    store: &SeaOrmStore<D>,
    id: IntentId,
    attempt: i32,
    admission: &Admission,
) -> Result<bool, StoreError> {
    let budget = || -> [Value; 4] {
        [
            bytes(&admission.key),
            admission.now.into(),
            admission.latest_until.into(),
            admission.fifth_until.into(),
        ]
    };
    let intent = || -> [Value; 2] { [id.as_uuid().into(), attempt.into()] };
    if store.is_postgres() {
        let ([key, now, latest, fifth], [id, attempt]) = (budget(), intent());
        let values = [key, now, latest, fifth, id, attempt];
        return Ok(!store.write(ADMIT, values).await?.is_empty());
    }
    // In this order a lost lease, or a budget without room, has changed nothing that the other would have to undo.
    transaction!(store, |txn| async {
        let leased = run(txn, LEASED, intent()).await?;
        if leased.is_empty() || run(txn, TAKE, budget()).await?.is_empty() {
            return Ok(false);
        }
        run(txn, SET_ADMITTED, intent()).await?;
        Ok::<_, DbErr>(true)
    })
}

pub(super) async fn list<D: Database>(
    store: &SeaOrmStore<D>,
    status: Option<MailStatus>,
    after: Option<IntentId>,
    limit: u32,
) -> Result<Vec<MailEntry>, StoreError> {
    let sql = match status {
        None => LIST,
        Some(MailStatus::Dead) => LIST_DEAD,
        Some(MailStatus::Pending) => LIST_PENDING,
    };
    let after = after.map_or(Uuid::max(), IntentId::as_uuid);
    let values = [after.into(), i64::from(limit).into()];
    let rows = store.read(sql, values).await?;
    // One that this version cannot read, such as a letter of a newer one, must not hide the others.
    let readable = rows.iter().filter_map(|row| {
        let entry = entry(row).inspect_err(|error| {
            tracing::error!(%error, "a mail in the outbox cannot be read");
        });
        entry.ok()
    });
    Ok(readable.collect())
}

fn entry(row: &QueryResult) -> Result<MailEntry, DbErr> {
    let recipient = column::<Option<String>>(row, "recipient")?;
    let recipient = recipient.map(EmailAddress::from_stored).transpose();
    Ok(MailEntry {
        id: column::<Uuid>(row, "id")?.into(),
        letter: parsed(row, "letter")?,
        recipient: recipient.map_err(|error| unreadable("recipient", error))?,
        user_id: column::<Option<Uuid>>(row, "user_id")?.map(UserId::from),
        status: parsed(row, "state")?,
        attempts: column(row, "attempts")?,
        last_error: column(row, "last_error")?,
        created_at: column(row, "created_at")?,
        due_at: column(row, "due_at")?,
    })
}

pub(super) async fn retry<D: Database>(
    store: &SeaOrmStore<D>,
    id: IntentId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    transaction!(store, |txn| retry_in(txn, id, now))
}

async fn retry_in(txn: &Txn<'_>, id: IntentId, now: Timestamp) -> Result<bool, DbErr> {
    let rows = run(txn, TIMES, [id.as_uuid().into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    if parsed::<MailStatus>(row, "state")? == MailStatus::Dead {
        let created_at: Timestamp = column(row, "created_at")?;
        let not_after: Timestamp = column(row, "not_after")?;
        let not_after = not_after.max(now + (not_after - created_at));
        let values = [id.as_uuid().into(), now.into(), not_after.into()];
        run(txn, REVIVE, values).await?;
    }
    Ok(true)
}

pub(super) async fn purge<D: Database>(
    store: &SeaOrmStore<D>,
    dead_before: Timestamp,
    budget_before: Timestamp,
) -> Result<(), StoreError> {
    store.write(PURGE_DEAD, [dead_before.into()]).await?;
    let purged = store.write(PURGE_BUDGETS, [budget_before.into()]).await;
    purged.map(drop)
}
