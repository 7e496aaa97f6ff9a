//! What becomes of mails besides being sent: budgets, dead letters, and what operators do with them.

use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    error::store_error,
    event,
    pool::Database,
    row::{bytes, column, parsed},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{Admission, IntentId, MailEntry, MailStatus, Ordered, RetriedMail, RetryMail},
    outbox::holds_from,
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

const MARK_DEAD: &str = "\
    UPDATE auth_outbox SET state = 'dead', last_error = $3 WHERE id = $1 AND attempts = $2 AND state = 'pending'";

/// Each condition stands in the text, so that the index of the dead is of use.
macro_rules! list {
    ($condition:literal) => {
        concat!(
            "SELECT o.id, o.letter, COALESCE(o.address, o.ordered_address, u.email) AS recipient, o.user_id, o.state, o.attempts, \
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

macro_rules! to_retry {
    ($lock:literal) => {
        concat!(
            "SELECT letter, state, created_at, not_after, COALESCE(user_id, ordered_user_id) AS owner \
            FROM auth_outbox WHERE id = $1",
            $lock
        )
    };
}

const TO_RETRY: &str = to_retry!("");
const TO_RETRY_LOCKED: &str = to_retry!(" FOR UPDATE");

/// Columns that this version cannot read are copied as they are.
const RETRY: &str = "\
    INSERT INTO auth_outbox (id, letter, user_id, address, payload, created_at, not_after, due_at, holds_from, \
        ordered_at, ordered_user_id, ordered_address, ordered_version, state, attempts, admitted, last_error) \
    SELECT $2, letter, user_id, address, payload, $3, $4, $3, $5, COALESCE(ordered_at, created_at), ordered_user_id, \
        ordered_address, ordered_version, 'pending', 0, admitted, last_error \
    FROM auth_outbox WHERE id = $1";

const DROP: &str = "DELETE FROM auth_outbox WHERE id = $1";

const KEEP_ORDER: &str = "\
    UPDATE auth_outbox SET ordered_address = COALESCE(ordered_address, $4), \
        ordered_version = CASE WHEN ordered_user_id IS NULL THEN $5 ELSE ordered_version END, \
        ordered_user_id = COALESCE(ordered_user_id, $3) \
    WHERE id = $1 AND attempts = $2 AND state = 'pending' RETURNING id";

const BRING_FORWARD: &str = "\
    UPDATE auth_outbox SET due_at = $1 WHERE state = 'pending' AND due_at > $2 AND id IN (\
        SELECT id FROM auth_outbox WHERE state = 'pending' AND due_at > $2 AND created_at >= $3 \
        ORDER BY due_at, id LIMIT $4\
    ) RETURNING id";

const PURGE_DEAD: &str = "DELETE FROM auth_outbox WHERE state = 'dead' AND created_at < $1";

const PURGE_BUDGETS: &str = "DELETE FROM auth_mail_budgets WHERE sent_1 < $1";

pub(super) async fn mark_dead<D: Database>(
    store: &SeaOrmStore<D>,
    id: IntentId,
    attempt: i32,
    error: &str,
) -> Result<(), StoreError> {
    let values = [id.as_uuid().into(), attempt.into(), error.into()];
    store.write(MARK_DEAD, values).await.map(drop)
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
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut after = after.map_or(Uuid::max(), IntentId::as_uuid);
    let mut entries = Vec::new();
    loop {
        let wanted = limit - entries.len();
        let count = i64::try_from(wanted).unwrap_or(i64::MAX);
        let rows = store.read(sql, [after.into(), count.into()]).await?;
        // One that this version cannot read must not hide the others, nor end the page before its time.
        entries.extend(rows.iter().filter_map(|row| {
            let entry = entry(row).inspect_err(|error| {
                tracing::error!(%error, "a mail in the outbox cannot be read");
            });
            entry.ok()
        }));
        if rows.len() < wanted || entries.len() == limit {
            return Ok(entries);
        }
        let last = rows.last().map(|row| column(row, "id")).transpose();
        let Some(last) = last.map_err(|error| store_error(&error))? else {
            return Ok(entries);
        };
        after = last;
    }
}

/// As much as can be read of it: a letter of a newer version is shown by its word.
fn entry(row: &QueryResult) -> Result<MailEntry, DbErr> {
    let recipient = column::<Option<String>>(row, "recipient")?;
    let recipient = recipient.and_then(|address| EmailAddress::from_stored(address).ok());
    Ok(MailEntry {
        id: column::<Uuid>(row, "id")?.into(),
        letter: column(row, "letter")?,
        recipient,
        user_id: column::<Option<Uuid>>(row, "user_id")?.map(UserId::from),
        status: parsed(row, "state")?,
        attempts: column(row, "attempts")?,
        last_error: column(row, "last_error")?,
        created_at: column(row, "created_at")?,
        due_at: column(row, "due_at")?,
    })
}

pub(super) async fn keep_order<D: Database>(
    store: &SeaOrmStore<D>,
    id: IntentId,
    attempt: i32,
    ordered: &Ordered,
) -> Result<bool, StoreError> {
    let values = [
        id.as_uuid().into(),
        attempt.into(),
        ordered.user_id.as_uuid().into(),
        ordered.address.as_str().into(),
        ordered.credential_version.into(),
    ];
    Ok(!store.write(KEEP_ORDER, values).await?.is_empty())
}

pub(super) async fn bring_forward<D: Database>(
    store: &SeaOrmStore<D>,
    now: Timestamp,
    beyond: Timestamp,
    asked_from: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let values = [
        now.into(),
        beyond.into(),
        asked_from.into(),
        i64::from(limit).into(),
    ];
    Ok(store.write(BRING_FORWARD, values).await?.len() as u64)
}

pub(super) async fn retry<D: Database>(
    store: &SeaOrmStore<D>,
    id: IntentId,
    new: IntentId,
    now: Timestamp,
    event: &Event,
) -> Result<RetryMail, StoreError> {
    transaction!(store, |txn| retry_in(txn, id, new, now, event))
}

async fn retry_in(
    txn: &Txn<'_>,
    id: IntentId,
    new: IntentId,
    now: Timestamp,
    event: &Event,
) -> Result<RetryMail, DbErr> {
    let id = id.as_uuid();
    let look = if txn.is_postgres() {
        TO_RETRY_LOCKED
    } else {
        TO_RETRY
    };
    let rows = run(txn, look, [id.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(RetryMail::NotFound);
    };
    if parsed::<MailStatus>(row, "state")? != MailStatus::Dead {
        return Ok(RetryMail::Pending);
    }
    let created_at: Timestamp = column(row, "created_at")?;
    let not_after: Timestamp = column(row, "not_after")?;
    let retried = RetriedMail {
        letter: column(row, "letter")?,
        user_id: column::<Option<Uuid>>(row, "owner")?.map(UserId::from),
    };
    let values = [
        id.into(),
        new.as_uuid().into(),
        now.into(),
        (now + (not_after - created_at)).into(),
        holds_from(now).into(),
    ];
    run(txn, RETRY, values).await?;
    run(txn, DROP, [id.into()]).await?;
    event::insert(txn, &retried.noted_on(event), None).await?;
    Ok(RetryMail::Retried(retried))
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
