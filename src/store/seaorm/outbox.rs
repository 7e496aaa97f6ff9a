//! The outbox: emails that are still to be sent.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    event::{self, events, record},
    order::{self, intents, order},
    outbox_claim::{self},
    pool::Database,
    row::{bytes, column},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{Admission, Claims, Intent, IntentId, Ordered, Recipient},
    outbox::holds_from,
    store::OutboxStore,
    user::UserId,
};

const ENQUEUE: &str = concat!(
    "WITH ordered AS (",
    order!("$1", "NULL"),
    ") ",
    record!(
        "$2",
        "COALESCE($3, (SELECT u.id FROM auth_users u WHERE u.email_canonical = $4))"
    )
);

const HOLDER: &str = "SELECT id FROM auth_users WHERE email_canonical = $1";

/// The columns that [`outbox_claim::claims`] reads, in addition to the attempts and the due time.
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

/// Selects due emails.
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
/// Selects emails that were postponed before the clock was set back.
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

/// Leases due emails. Rows locked by other transactions are skipped. MATERIALIZED makes each CTE
/// run only once, so that the limit is respected. `holds_from` is set to `$1` minus the length of
/// the lease, so that a difference between two instances' clocks does not end a lease early.
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

/// The columns of an email that is about to be leased.
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

const KEEP_ORDER: &str = "\
    UPDATE auth_outbox SET ordered_address = COALESCE(ordered_address, $4), \
        ordered_version = CASE WHEN ordered_user_id IS NULL THEN $5 ELSE ordered_version END, \
        ordered_user_id = COALESCE(ordered_user_id, $3) \
    WHERE id = $1 AND attempts = $2 AND state = 'pending' RETURNING id";

const COMPLETE: &str =
    "DELETE FROM auth_outbox WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const POSTPONE: &str = "\
    UPDATE auth_outbox SET due_at = $3, last_error = $4, holds_from = $5 \
    WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const BRING_FORWARD: &str = "\
    UPDATE auth_outbox SET due_at = $1 WHERE state = 'pending' AND due_at > $2 AND id IN (\
        SELECT id FROM auth_outbox WHERE state = 'pending' AND due_at > $2 AND created_at >= $3 \
        ORDER BY due_at, id LIMIT $4\
    ) RETURNING id";

const MARK_DEAD: &str = "\
    UPDATE auth_outbox SET state = 'dead', last_error = $3 WHERE id = $1 AND attempts = $2 AND state = 'pending'";

/// Counts an email against its budget. The row keeps the times of the last five emails, newest first.
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
    "WITH held AS (\
        SELECT id FROM auth_outbox WHERE id = $5 AND attempts = $6 AND state = 'pending' FOR UPDATE\
    ), budget AS (",
    take!("SELECT $1, $2 FROM held"),
    ") UPDATE auth_outbox m SET admitted = TRUE FROM held, budget WHERE m.id = held.id RETURNING m.id"
);

const LEASED: &str =
    "SELECT id FROM auth_outbox WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const SET_ADMITTED: &str = "\
    UPDATE auth_outbox SET admitted = TRUE WHERE id = $1 AND attempts = $2 AND state = 'pending'";

const PURGE_DEAD: &str = "DELETE FROM auth_outbox WHERE state = 'dead' AND created_at < $1";

const PURGE_BUDGETS: &str = "DELETE FROM auth_mail_budgets WHERE sent_1 < $1";

#[async_trait]
impl<D: Database> OutboxStore for SeaOrmStore<D> {
    async fn enqueue(&self, orders: &[Intent], event: Option<&Event>) -> Result<(), StoreError> {
        let (user, address) = orders
            .first()
            .map(|intent| &intent.recipient)
            .map_or((None, None), Recipient::to_columns);
        let holder = address.map(|address| Value::from(address.canonical()));
        if self.is_postgres() {
            let user = user.map(UserId::as_uuid).into();
            let holder = holder.unwrap_or(Value::String(None));
            let values = [intents(orders), events(event), user, holder];
            return self.write(ENQUEUE, values).await.map(drop);
        }
        transaction!(self, |txn| async {
            order::insert(txn, orders, None).await?;
            let Some(event) = event else {
                return Ok(());
            };
            let user = match (user, &holder) {
                (None, Some(holder)) => {
                    let rows = run(txn, HOLDER, [holder.clone()]).await?;
                    rows.first()
                        .map(|row| column::<Uuid>(row, "id"))
                        .transpose()?
                        .map(UserId::from)
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
            // An idle worker claims often, so a read checks for due emails first. Unlike a claim,
            // this read does not delay writers.
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
        let values = [
            id.as_uuid().into(),
            attempt.into(),
            ordered.user_id.as_uuid().into(),
            ordered.address.as_str().into(),
            ordered.credential_version.into(),
        ];
        Ok(!self.write(KEEP_ORDER, values).await?.is_empty())
    }

    async fn complete(&self, id: IntentId, attempt: i32) -> Result<(), StoreError> {
        self.write(COMPLETE, [id.as_uuid().into(), attempt.into()])
            .await?;
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
        let values = [
            now.into(),
            beyond.into(),
            asked_from.into(),
            i64::from(limit).into(),
        ];
        Ok(self.write(BRING_FORWARD, values).await?.len() as u64)
    }

    async fn mark_dead(&self, id: IntentId, attempt: i32, error: &str) -> Result<(), StoreError> {
        let values = [id.as_uuid().into(), attempt.into(), error.into()];
        self.write(MARK_DEAD, values).await.map(drop)
    }

    async fn admit(
        &self,
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
        if self.is_postgres() {
            let ([key, now, latest, fifth], [id, attempt]) = (budget(), intent());
            let values = [key, now, latest, fifth, id, attempt];
            return Ok(!self.write(ADMIT, values).await?.is_empty());
        }
        // With this order, nothing has to be undone if the lease was lost or the budget has no
        // room.
        transaction!(self, |txn| async {
            let leased = run(txn, LEASED, intent()).await?;
            if leased.is_empty() || run(txn, TAKE, budget()).await?.is_empty() {
                return Ok(false);
            }
            run(txn, SET_ADMITTED, intent()).await?;
            Ok::<_, DbErr>(true)
        })
    }

    async fn purge_mail(
        &self,
        dead_before: Timestamp,
        budget_before: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(PURGE_DEAD, [dead_before.into()]).await?;
        self.write(PURGE_BUDGETS, [budget_before.into()])
            .await
            .map(drop)
    }
}

/// Claims emails inside a transaction that excludes other writers.
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
