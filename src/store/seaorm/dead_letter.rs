//! Lists the outbox for operators, and retries dead letters, in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, prelude::Uuid};

use super::{
    SeaOrmStore,
    error::store_error,
    event,
    pool::Database,
    row::{column, parsed},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{IntentId, MailEntry, MailStatus, RetriedMail, RetryMail},
    outbox::holds_from,
    store::DeadLetterStore,
    user::{EmailAddress, UserId},
};

/// Each condition is part of the SQL text, so that the planner can use the index on dead emails.
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

/// The columns are copied in SQL, so a value that this version cannot read is kept unchanged.
const RETRY: &str = "\
    INSERT INTO auth_outbox (id, letter, user_id, address, payload, created_at, not_after, due_at, holds_from, \
        ordered_at, ordered_user_id, ordered_address, ordered_version, state, attempts, admitted, last_error) \
    SELECT $2, letter, user_id, address, payload, $3, $4, $3, $5, COALESCE(ordered_at, created_at), ordered_user_id, \
        ordered_address, ordered_version, 'pending', 0, admitted, last_error \
    FROM auth_outbox WHERE id = $1";

const DROP: &str = "DELETE FROM auth_outbox WHERE id = $1";

#[async_trait]
impl<D: Database> DeadLetterStore for SeaOrmStore<D> {
    async fn list_mail(
        &self,
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
            let rows = self.read(sql, [after.into(), count.into()]).await?;
            // An email that this version cannot read must neither hide the others nor end the page
            // early.
            entries.extend(rows.iter().filter_map(|row| {
                entry(row)
                    .inspect_err(|error| {
                        tracing::error!(%error, "an email in the outbox cannot be read");
                    })
                    .ok()
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

    async fn retry_mail(
        &self,
        id: IntentId,
        new: IntentId,
        now: Timestamp,
        event: &Event,
    ) -> Result<RetryMail, StoreError> {
        transaction!(self, |txn| retry_in(txn, id, new, now, event))
    }
}

/// Reads the readable columns of the email. A letter from a newer version is shown under its stored name.
fn entry(row: &QueryResult) -> Result<MailEntry, DbErr> {
    let recipient = column::<Option<String>>(row, "recipient")?
        .and_then(|address| EmailAddress::from_stored(address).ok());
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
