//! Limits: counters in `auth_limits`, one row for each key.

use async_trait::async_trait;
use chrono::TimeDelta;
use sea_orm::{DbErr, QueryResult, Statement, Value};

use super::{
    SeaOrmStore,
    error::{store_error, unreadable},
    pool::{Access, Database},
    row::column,
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    limit::{Charge, Charged, Held, LimitKey, Lockout, Rate, Rule, Tries},
    store::Limiter,
};

const HELD: &str = "SELECT until_at, attempts, expires_at FROM auth_limits WHERE key = $1";

const HOLD: &str = "\
    INSERT INTO auth_limits (key, until_at, attempts, expires_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (key) DO UPDATE SET until_at = excluded.until_at, attempts = excluded.attempts, \
        expires_at = excluded.expires_at";

const REFUND: &str = "\
    UPDATE auth_limits SET attempts = attempts - 1, until_at = CASE WHEN until_at > $2 THEN $2 ELSE until_at END \
    WHERE key = $1 AND attempts > 0";

const CLEAR: &str = "DELETE FROM auth_limits WHERE key = $1";

#[async_trait]
impl<D: Database> Limiter for SeaOrmStore<D> {
    async fn charge(&self, charges: &[Charge], now: Timestamp) -> Result<Charged, StoreError> {
        if !self.is_postgres() {
            return transaction!(self, |txn| charge_in(txn, charges, now));
        }
        let (sql, values) = statement(charges, now);
        let statement = || Statement::from_sql_and_values(self.backend(), &sql, values.clone());
        let rows = self.query(Access::Write, statement).await?;
        outcome(charges, now, &rows).map_err(|error| store_error(&error))
    }

    async fn refund(&self, key: LimitKey, now: Timestamp) -> Result<(), StoreError> {
        self.write(REFUND, [bytes(key), now.into()]).await.map(drop)
    }

    async fn clear(&self, key: LimitKey) -> Result<(), StoreError> {
        self.write(CLEAR, [bytes(key)]).await.map(drop)
    }
}

/// Clears this counter, if any, in the transaction of a change.
pub(super) async fn clear(txn: &Txn<'_>, key: Option<LimitKey>) -> Result<(), DbErr> {
    match key {
        Some(key) => run(txn, CLEAR, [bytes(key)]).await.map(drop),
        None => Ok(()),
    }
}

/// The key as a parameter of a statement that clears the counter; null clears nothing.
pub(super) fn cleared_counter(key: Option<LimitKey>) -> Value {
    key.map(|key| key.as_bytes().to_vec()).into()
}

fn bytes(key: LimitKey) -> Value {
    key.as_bytes().to_vec().into()
}

/// Builds one statement for all charges, in which each step uses the result of the previous step.
/// If a counter has no room, its step writes nothing and returns no row; the counter's state is
/// read separately.
fn statement(charges: &[Charge], now: Timestamp) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(now)];
    let mut bind = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let (mut steps, mut granted, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for (position, Charge { key, rule }) in charges.iter().enumerate() {
        let key = bind(bytes(*key));
        let from = position
            .checked_sub(1)
            .map(|previous| format!(" FROM step{previous}"))
            .unwrap_or_default();
        let step = match rule {
            Rule::Rate(rate) => rate_step(*rate, now, &key, &from, &mut bind),
            Rule::Attempts(lockout) => attempt_step(*lockout, now, &key, &from, &mut bind),
            Rule::Tries(tries) => try_step(*tries, now, &key, &from, &mut bind),
        };
        steps.push(format!("step{position} AS ({step})"));
        granted.push(format!(
            "SELECT {position} AS position, TRUE AS granted, until_at, attempts, expires_at FROM step{position}"
        ));
        keys.push(format!("({position}, CAST({key} AS bytea))"));
    }
    let sql = format!(
        "WITH {} {} UNION ALL SELECT k.position, FALSE, l.until_at, l.attempts, l.expires_at \
        FROM (VALUES {}) AS k(position, key) JOIN auth_limits l ON l.key = k.key",
        steps.join(", "),
        granted.join(" UNION ALL "),
        keys.join(", "),
    );
    (sql, values)
}

fn rate_step(
    rate: Rate,
    now: Timestamp,
    key: &str,
    from: &str,
    bind: &mut impl FnMut(Value) -> String,
) -> String {
    let next = bind((now + rate.emission_interval()).into());
    let latest = bind((now + rate.tolerance()).into());
    let absurd = bind(rate.latest(now).into());
    let every = bind(micros(rate.emission_interval()));
    let until = format!(
        "(CASE WHEN l.until_at > {absurd} THEN $1 ELSE GREATEST(l.until_at, $1) END) \
        + CAST({every} AS bigint) * INTERVAL '1 microsecond'"
    );
    format!(
        "INSERT INTO auth_limits AS l (key, until_at, attempts, expires_at) \
        SELECT CAST({key} AS bytea), CAST({next} AS timestamptz), 0, CAST({next} AS timestamptz){from} \
        ON CONFLICT (key) DO UPDATE SET \
            until_at = {until}, expires_at = {until} \
        WHERE l.until_at <= {latest} OR l.until_at > {absurd} \
        RETURNING until_at, attempts, expires_at"
    )
}

/// The SQL that counts one more attempt. The SQL computes the wait after `n` attempts in the same
/// way as [`Lockout::wait`].
fn attempt_step(
    lockout: Lockout,
    now: Timestamp,
    key: &str,
    from: &str,
    bind: &mut impl FnMut(Value) -> String,
) -> String {
    let first_until = bind((now + lockout.wait(1)).into());
    let first_end = bind((now + lockout.remembered(1)).into());
    let absurd = bind(lockout.latest(now).into());
    let last_end = bind((now + lockout.remembered(lockout.max_attempts)).into());
    let [free, most] =
        [lockout.free_attempts, lockout.max_attempts].map(|number| bind(i64::from(number).into()));
    let [first, longest] = [lockout.base_delay, lockout.max_delay].map(|wait| {
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        bind(micros(wait))
    });
    let n = "(CASE WHEN l.expires_at <= $1 THEN 1 ELSE l.attempts + 1 END)";
    let first_end_of_one = if lockout.max_attempts == 1 {
        &last_end
    } else {
        &first_end
    };
    format!(
        "INSERT INTO auth_limits AS l (key, until_at, attempts, expires_at) \
        SELECT CAST({key} AS bytea), CAST({first_until} AS timestamptz), 1, \
            CAST({first_end_of_one} AS timestamptz){from} \
        ON CONFLICT (key) DO UPDATE SET \
            attempts = {n}, \
            until_at = $1 + CASE WHEN {n} < CAST({free} AS bigint) THEN 0 ELSE LEAST(CAST({first} AS bigint) \
                * POWER(2::double precision, LEAST({n} - CAST({free} AS bigint), 40)), CAST({longest} AS bigint)) END \
                * INTERVAL '1 microsecond', \
            expires_at = CASE WHEN {n} < CAST({most} AS bigint) THEN CAST({first_end} AS timestamptz) \
                ELSE CAST({last_end} AS timestamptz) END \
        WHERE l.expires_at <= $1 OR (l.attempts < CAST({most} AS bigint) \
            AND (l.until_at <= $1 OR l.until_at > {absurd})) \
        RETURNING until_at, attempts, expires_at"
    )
}

fn try_step(
    tries: Tries,
    now: Timestamp,
    key: &str,
    from: &str,
    bind: &mut impl FnMut(Value) -> String,
) -> String {
    let end = bind(tries.end(now).into());
    let absurd = bind(tries.latest(now).into());
    let most = bind(i64::from(tries.most).into());
    let is_over = format!("(l.expires_at <= $1 OR l.expires_at > {absurd})");
    format!(
        "INSERT INTO auth_limits AS l (key, until_at, attempts, expires_at) \
        SELECT CAST({key} AS bytea), CAST($1 AS timestamptz), 1, CAST({end} AS timestamptz){from} \
        ON CONFLICT (key) DO UPDATE SET \
            attempts = CASE WHEN {is_over} THEN 1 ELSE l.attempts + 1 END, \
            until_at = $1, \
            expires_at = CASE WHEN {is_over} THEN CAST({end} AS timestamptz) ELSE l.expires_at END \
        WHERE {is_over} OR l.attempts < CAST({most} AS bigint) \
        RETURNING until_at, attempts, expires_at"
    )
}

fn micros(delta: TimeDelta) -> Value {
    delta.num_microseconds().unwrap_or(i64::MAX).into()
}

/// The first charge whose step returned no row is refused, because its counter has no room.
fn outcome(charges: &[Charge], now: Timestamp, rows: &[QueryResult]) -> Result<Charged, DbErr> {
    let mut granted = vec![None; charges.len()];
    let mut before = granted.clone();
    for row in rows {
        let position: i32 = column(row, "position")?;
        let of = if column(row, "granted")? {
            &mut granted
        } else {
            &mut before
        };
        let place = usize::try_from(position)
            .ok()
            .and_then(|position| of.get_mut(position))
            .ok_or_else(|| unreadable("position", "no such charge"))?;
        *place = Some(held(row)?);
    }
    for (position, charge) in charges.iter().enumerate() {
        if let Some(None) = granted.get(position) {
            // If another statement wrote the counter concurrently, this statement cannot see the row.
            let unseen = || charge.rule.charge(None, now).unwrap_or_else(|held| held);
            let held = before
                .get(position)
                .copied()
                .flatten()
                .unwrap_or_else(unseen);
            return Ok(Charged::Refused { position, held });
        }
    }
    Ok(Charged::Granted(granted.pop().flatten()))
}

fn held(row: &QueryResult) -> Result<Held, DbErr> {
    let attempts: i32 = column(row, "attempts")?;
    Ok(Held {
        until: column(row, "until_at")?,
        attempts: u32::try_from(attempts).map_err(|error| unreadable("attempts", error))?,
        expires_at: column(row, "expires_at")?,
    })
}

/// Charges the counters inside a transaction that excludes other writers.
async fn charge_in(txn: &Txn<'_>, charges: &[Charge], now: Timestamp) -> Result<Charged, DbErr> {
    let mut last = None;
    for (position, Charge { key, rule }) in charges.iter().enumerate() {
        let rows = run(txn, HELD, [bytes(*key)]).await?;
        let found = rows.first().map(held).transpose()?;
        match rule.charge(found, now) {
            Err(held) => return Ok(Charged::Refused { position, held }),
            Ok(held) => {
                let values = [
                    bytes(*key),
                    held.until.into(),
                    i64::from(held.attempts).into(),
                    held.expires_at.into(),
                ];
                run(txn, HOLD, values).await?;
                last = Some(held);
            }
        }
    }
    Ok(Charged::Granted(last))
}
