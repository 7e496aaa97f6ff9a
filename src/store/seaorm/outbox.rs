use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};
use serde_json::json;

use super::{
    SeaOrmStore,
    event::{self, record},
    outbox_claim, outbox_entry,
    pool::Database,
    row::column,
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{
        Admission, Claims, Intent, IntentId, MailEntry, MailStatus, Ordered, Recipient, RetryMail,
    },
    outbox::holds_from,
    store::{DeadLetterStore, OutboxStore},
    user::{EmailAddress, UserId},
};

/// On Postgres: writes the mails in parameter `$parameter` (see [`intents`]) in the statement of their fact, once for
/// each row of `from`. Those for the user of the fact go to `$user`. They are ordered for the account as it is before
/// the statement, or for the `new` one of these columns.
macro_rules! order {
    ($parameter:literal, $user:literal $(, from $from:literal)? $(, if $condition:literal)?) => {
        order!(
            @ $parameter,
            order!(recipient $user),
            "o.id, o.email, o.credential_version",
            concat!(
                $(" CROSS JOIN ", $from,)?
                " LEFT JOIN auth_users o ON o.id = ", order!(recipient $user)
                $(, " WHERE ", $condition)?
            )
        )
    };
    ($parameter:literal, new $user:literal, $ordered:literal, from $from:literal) => {
        order!(
            @ $parameter,
            order!(recipient $user),
            $ordered,
            concat!(" CROSS JOIN ", $from)
        )
    };
    // The user of a mail: its own, or the one of the fact.
    (recipient $user:literal) => {
        concat!("CASE WHEN m.address IS NULL THEN COALESCE(m.user_id, ", $user, ") ELSE m.user_id END")
    };
    (@ $parameter:literal, $user:expr, $ordered:literal, $rest:expr) => {
        concat!(
            "INSERT INTO auth_outbox (id, letter, user_id, address, payload, created_at, not_after, due_at, \
                holds_from, ordered_at, ordered_user_id, ordered_address, ordered_version, state, attempts, admitted) \
            SELECT m.id, m.letter, ",
            $user,
            ", m.address, m.payload, m.created_at, m.not_after, m.created_at, m.holds_from, m.created_at, ",
            $ordered,
            ", 'pending', 0, FALSE FROM jsonb_to_recordset(",
            $parameter,
            "::jsonb) AS m(id uuid, letter text, user_id uuid, address text, payload jsonb, created_at timestamptz, \
                not_after timestamptz, holds_from timestamptz)",
            $rest
        )
    };
}
pub(super) use order;

/// Ordered for the account as it is in this transaction.
const INSERT: &str = "\
    INSERT INTO auth_outbox (id, letter, user_id, address, payload, created_at, not_after, due_at, holds_from, \
        ordered_at, ordered_user_id, ordered_address, ordered_version, state, attempts, admitted) \
    SELECT $1, $2, $3, $4, $5, $6, $7, $6, $8, $6, o.id, o.email, o.credential_version, 'pending', 0, FALSE \
    FROM (SELECT 1 AS one) m LEFT JOIN auth_users o ON o.id = $3";

const ENQUEUE: &str = concat!(
    "WITH o AS (",
    order!("$1", "NULL"),
    ") ",
    record!(
        "$2",
        "COALESCE($3, (SELECT u.id FROM auth_users u WHERE u.email_canonical = $4))"
    )
);

const HOLDER: &str = "SELECT id FROM auth_users WHERE email_canonical = $1";

/// The columns that [`outbox_claim::claims`] reads, beside the attempts and when it was due.
macro_rules! columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "id, ",
            $prefix,
            "letter, ",
            $prefix,
            "user_id, ",
            $prefix,
            "address, ",
            $prefix,
            "payload, ",
            $prefix,
            "created_at, ",
            $prefix,
            "not_after, ",
            $prefix,
            "admitted, ",
            $prefix,
            "last_error, ",
            $prefix,
            "ordered_at, ",
            $prefix,
            "ordered_user_id, ",
            $prefix,
            "ordered_address, ",
            $prefix,
            "ordered_version"
        )
    };
}

/// Mails that are due, and mails that were put off before the clock went back.
macro_rules! due {
    ($columns:expr, $limit:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM auth_outbox WHERE state = 'pending' AND due_at <= $1 \
            ORDER BY due_at, id LIMIT ",
            $limit
        )
    };
}
macro_rules! put_off_later {
    ($columns:expr, $limit:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM auth_outbox WHERE state = 'pending' AND holds_from > $1 AND due_at > $1 \
            ORDER BY holds_from LIMIT ",
            $limit
        )
    };
}

/// Rows that others hold are skipped, not waited for. MATERIALIZED, so that the limit is applied once. A lease holds from as
/// long before it began as it lasts: clocks that differ end none.
const CLAIM: &str = concat!(
    "WITH due AS MATERIALIZED (",
    due!("id, due_at", "$3"),
    " FOR UPDATE SKIP LOCKED), later AS MATERIALIZED (",
    put_off_later!("id, due_at", "$3"),
    " FOR UPDATE SKIP LOCKED), taken AS MATERIALIZED (\
        SELECT id, due_at FROM due UNION ALL SELECT id, due_at FROM later LIMIT $3\
    ) \
    UPDATE auth_outbox o SET due_at = $2, holds_from = $1 - ($2 - $1), attempts = o.attempts + 1 \
    FROM taken WHERE o.id = taken.id RETURNING o.attempts, taken.due_at AS was_due_at, ",
    columns!("o.")
);

const ANY_DUE: &str = concat!(
    "SELECT 1 FROM (",
    due!("id", "1"),
    ") UNION ALL SELECT 1 FROM (",
    put_off_later!("id", "1"),
    ")"
);

/// The columns of a mail as it is once it is leased.
macro_rules! leased {
    () => {
        concat!(
            "attempts + 1 AS attempts, due_at AS was_due_at, ",
            columns!("")
        )
    };
}

const DUE: &str = due!(leased!(), "$2");

const PUT_OFF_LATER: &str = put_off_later!(leased!(), "$2");

const LEASE: &str =
    "UPDATE auth_outbox SET due_at = $2, holds_from = $3, attempts = attempts + 1 WHERE id = $1";

const COMPLETE: &str =
    "DELETE FROM auth_outbox WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const POSTPONE: &str = "\
    UPDATE auth_outbox SET due_at = $3, last_error = $4, holds_from = $5 \
    WHERE id = $1 AND attempts = $2 AND state = 'pending'";

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
    ) -> Result<Claims, StoreError> {
        let rows = if self.is_postgres() {
            let values = [now.into(), lease_until.into(), i64::from(limit).into()];
            self.write(CLAIM, values).await?
        } else {
            // An idle worker asks often, and should not hold up the writers.
            if self.read(ANY_DUE, [now.into()]).await?.is_empty() {
                return Ok(Claims::default());
            }
            transaction!(self, |txn| lease(txn, now, lease_until, limit))?
        };
        Ok(outbox_claim::claims(&rows))
    }

    async fn keep_order(
        &self,
        id: IntentId,
        attempt: i32,
        ordered: &Ordered,
    ) -> Result<bool, StoreError> {
        outbox_entry::keep_order(self, id, attempt, ordered).await
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
        now: Timestamp,
        due_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        let values = [
            id.as_uuid().into(),
            attempt.into(),
            due_at.into(),
            error.into(),
            holds_from(now).into(),
        ];
        self.write(POSTPONE, values).await?;
        Ok(())
    }

    async fn bring_forward(
        &self,
        now: Timestamp,
        beyond: Timestamp,
        asked_from: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        outbox_entry::bring_forward(self, now, beyond, asked_from, limit).await
    }

    async fn mark_dead(&self, id: IntentId, attempt: i32, error: &str) -> Result<(), StoreError> {
        outbox_entry::mark_dead(self, id, attempt, error).await
    }

    async fn admit(
        &self,
        id: IntentId,
        attempt: i32,
        admission: &Admission,
    ) -> Result<bool, StoreError> {
        outbox_entry::admit(self, id, attempt, admission).await
    }

    async fn purge_mail(
        &self,
        dead_before: Timestamp,
        budget_before: Timestamp,
    ) -> Result<(), StoreError> {
        outbox_entry::purge(self, dead_before, budget_before).await
    }
}

#[async_trait]
impl<D: Database> DeadLetterStore for SeaOrmStore<D> {
    async fn list_mail(
        &self,
        status: Option<MailStatus>,
        after: Option<IntentId>,
        limit: u32,
    ) -> Result<Vec<MailEntry>, StoreError> {
        outbox_entry::list(self, status, after, limit).await
    }

    async fn retry_mail(
        &self,
        id: IntentId,
        new: IntentId,
        now: Timestamp,
        event: &Event,
    ) -> Result<RetryMail, StoreError> {
        outbox_entry::retry(self, id, new, now, event).await
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
            "holds_from": holds_from(intent.created_at),
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
        let values: [Value; 8] = [
            intent.id.as_uuid().into(),
            intent.letter.as_str().into(),
            user.map(UserId::as_uuid).into(),
            address.map(|address| address.as_str().to_owned()).into(),
            serde_json::Value::Object(intent.payload.clone()).into(),
            intent.created_at.into(),
            intent.not_after.into(),
            holds_from(intent.created_at).into(),
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
    limit: u32,
) -> Result<Vec<QueryResult>, DbErr> {
    let mut rows = run(txn, DUE, [now.into(), i64::from(limit).into()]).await?;
    let room = i64::from(limit).saturating_sub(rows.len() as i64);
    rows.extend(run(txn, PUT_OFF_LATER, [now.into(), room.into()]).await?);
    let holds_from = now - (lease_until - now);
    for row in &rows {
        let id: Uuid = column(row, "id")?;
        let values = [id.into(), lease_until.into(), holds_from.into()];
        run(txn, LEASE, values).await?;
    }
    Ok(rows)
}
