//! Opens a session, and spends the second proof in the same step.

use sea_orm::{DbBackend, DbErr, QueryResult, Statement, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    event::{self, events, record},
    factor::{self, Confirmation},
    limiter::{self, cleared_counter},
    order::{self, intents, order},
    pool::{Access, Database},
    row::{bytes, column, hash_values, user_columns},
    transaction::{Txn, run, transaction},
};
use crate::{
    error::StoreError,
    event::Event,
    factor::{ConfirmedTotp, MAX_DEVICES},
    mail::Intent,
    token::{EndReason, NewSession, SecondProof, SpentFactor},
};

/// Writes the user row first, so that the statement waits for a concurrent reset and then sees its
/// changes.
macro_rules! note_sign_in {
    ($condition:expr) => {
        concat!(
            "UPDATE auth_users SET last_login_at = $2, password_hash = COALESCE($5, password_hash) \
            WHERE id = $1 AND status = 'active' AND credential_version = $3 AND factor_version = $18 \
                AND ($4 IS NULL OR password_hash = $4)",
            $condition,
            " RETURNING "
        )
    };
}

/// Selects the live sessions `s` of a user, most recently used first. The offset skips the sessions
/// that are kept.
macro_rules! beyond {
    ($from:literal, $limit:literal, $others:literal) => {
        concat!(
            "SELECT s.id FROM auth_sessions s",
            $from,
            " WHERE s.user_id = $1 AND s.credential_version = $3 AND s.revoked_at IS NULL \
                AND s.idle_expires_at > $2 AND s.absolute_expires_at > $2 \
            ORDER BY s.rotated_at DESC, s.id DESC",
            $limit,
            " OFFSET ",
            $others
        )
    };
}

/// Every sign-in writes the user row, and waits for the previous sign-in to release it. After such a wait, the
/// statement would count the sessions as they were before the wait. The `xmin` condition prevents this, because it
/// fails if the row was written during the wait. Then no session is opened, and
/// [`open_session`](SessionStore::open_session) runs the statement again while it holds the row lock.
///
/// If there is a second proof, `$between` spends it, and its last CTE is `signed_in`.
macro_rules! opening {
    ($noted:literal, $condition:expr, $between:expr) => {
        concat!(
            "WITH ",
            $noted,
            " AS (",
            note_sign_in!(concat!(
                " AND xmin = (SELECT v.xmin FROM auth_users v WHERE v.id = $1)",
                $condition
            )),
            user_columns!(""),
            ")",
            $between,
            ", beyond AS (",
            beyond!(", signed_in", "", "$15"),
            "), ended AS (\
                UPDATE auth_sessions s SET revoked_at = $2, revoked_reason = $16 \
                FROM beyond WHERE s.id = beyond.id AND s.revoked_at IS NULL\
            ), opened AS (\
                INSERT INTO auth_sessions (id, user_id, generation, digest, credential_version, created_at, rotated_at, \
                    idle_expires_at, absolute_expires_at, ip, user_agent, authenticated_at, methods, second_factor_at, kind) \
                SELECT $6, signed_in.id, 0, $7, $3, $2, $2, $8, $9, $10, $11, $21, $17, CAST($19 AS timestamptz), $20 \
                FROM signed_in\
            ), cleared AS (\
                DELETE FROM auth_limits l USING signed_in WHERE l.key = $14\
            ), recorded AS (",
            record!("$12", "signed_in.id", "signed_in"),
            "), ordered AS (",
            order!("$13", "signed_in.id", from "signed_in"),
            ") SELECT * FROM signed_in"
        )
    };
}

const OPEN: &str = opening!("signed_in", "", "");

macro_rules! is_remembered {
    ($id:literal) => {
        concat!(
            "d.id = ",
            $id,
            " AND d.user_id = $1 AND d.expires_at > $2 AND d.credential_version = $3 AND d.factor_version = "
        )
    };
}

const OPEN_ON_DEVICE: &str = opening!(
    "noted",
    concat!(
        " AND EXISTS (SELECT 1 FROM auth_devices d WHERE ",
        is_remembered!("$22"),
        "$18)"
    ),
    concat!(
        ", used AS (UPDATE auth_devices d SET last_used_at = $2 FROM noted WHERE ",
        is_remembered!("$22"),
        "$18 RETURNING d.id), signed_in AS (SELECT noted.* FROM noted, used)"
    )
);

macro_rules! is_unspent {
    ($challenge:literal) => {
        concat!(
            "c.id = ",
            $challenge,
            " AND c.user_id = $1 AND c.spent_at IS NULL AND c.expires_at > $2"
        )
    };
}

macro_rules! is_unused_step {
    ($factor:literal, $step:literal) => {
        concat!(
            "f.id = CAST(",
            $factor,
            " AS uuid) AND f.user_id = $1 AND f.confirmed_at IS NOT NULL AND (f.last_step IS NULL OR f.last_step < CAST(",
            $step,
            " AS bigint))"
        )
    };
}

/// The factor is spent before the challenge, and the session is opened last. Each step depends on the row that the
/// previous step has written, so that a statement that loses a race for any of them opens no session. The first
/// condition is checked on the snapshot, so that such a statement usually writes nothing at all.
const OPEN_WITH_ANSWER: &str = opening!(
    "noted",
    concat!(
        " AND EXISTS (SELECT 1 FROM auth_challenges c WHERE ",
        is_unspent!("$22"),
        ") AND (EXISTS (SELECT 1 FROM auth_factors f WHERE ",
        is_unused_step!("$23", "$24"),
        ") OR EXISTS (SELECT 1 FROM auth_recovery_codes r WHERE r.user_id = $1 AND r.digest = $26))"
    ),
    concat!(
        ", stepped AS (\
            UPDATE auth_factors f SET last_step = CAST($24 AS bigint), last_used_at = $2, \
                secret = COALESCE($25, f.secret) FROM noted WHERE ",
        is_unused_step!("$23", "$24"),
        " RETURNING f.id\
        ), coded AS (\
            DELETE FROM auth_recovery_codes r USING noted WHERE r.user_id = $1 AND r.digest = $26 RETURNING r.user_id AS id\
        ), proved AS (\
            SELECT id FROM stepped UNION ALL SELECT id FROM coded\
        ), spent AS (\
            UPDATE auth_challenges c SET spent_at = $2 FROM proved WHERE ",
        is_unspent!("$22"),
        " RETURNING c.id\
        ), signed_in AS (\
            SELECT noted.* FROM noted, spent\
        ), crowd AS (\
            DELETE FROM auth_devices USING signed_in WHERE user_id = $1 AND CAST($27 AS uuid) IS NOT NULL \
                AND auth_devices.id NOT IN (\
                    SELECT d.id FROM auth_devices d WHERE d.user_id = $1 \
                    ORDER BY d.last_used_at DESC, d.id DESC LIMIT $29)\
        ), remembered AS (\
            INSERT INTO auth_devices (id, user_id, credential_version, factor_version, user_agent, created_at, \
                last_used_at, expires_at) \
            SELECT CAST($27 AS uuid), signed_in.id, $3, $18, $11, $2, $2, CAST($28 AS timestamptz) \
            FROM signed_in WHERE CAST($27 AS uuid) IS NOT NULL\
        )"
    )
);

const HOLD: &str = "SELECT id FROM auth_users WHERE id = $1 FOR NO KEY UPDATE";

const NOTE: &str = concat!(
    "UPDATE auth_users SET last_login_at = $2, password_hash = COALESCE($5, password_hash) \
    WHERE id = $1 AND status = 'active' AND credential_version = $3 AND factor_version = $6 \
        AND ($4 IS NULL OR password_hash = $4) RETURNING ",
    user_columns!("")
);

const UNCHANGED: &str = "\
    SELECT id FROM auth_users WHERE id = $1 AND status = 'active' AND credential_version = $2 AND factor_version = $3 \
        AND (CAST($4 AS text) IS NULL OR password_hash = $4)";

const MAKE_ROOM: &str = concat!(
    "UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $5 WHERE id IN (",
    beyond!("", " LIMIT -1", "$4"),
    ")"
);

const INSERT: &str = "\
    INSERT INTO auth_sessions (id, user_id, generation, digest, credential_version, created_at, rotated_at, \
        idle_expires_at, absolute_expires_at, ip, user_agent, authenticated_at, methods, second_factor_at, kind) \
    VALUES ($1, $2, 0, $3, $4, $5, $5, $6, $7, $8, $9, $13, $10, $11, $12)";

const USE_DEVICE: &str = concat!(
    "UPDATE auth_devices AS d SET last_used_at = $2 WHERE ",
    is_remembered!("$5"),
    "$4 RETURNING id"
);

const UNSPENT: &str = concat!(
    "SELECT c.factor_id FROM auth_challenges c WHERE ",
    is_unspent!("$3")
);

const SPEND_CHALLENGE: &str = "UPDATE auth_challenges SET spent_at = $2 WHERE id = $1";

const USE_CODE: &str =
    "DELETE FROM auth_recovery_codes WHERE user_id = $1 AND digest = $2 RETURNING user_id";

const TRIM_DEVICES: &str = "\
    DELETE FROM auth_devices WHERE user_id = $1 AND id NOT IN (\
        SELECT d.id FROM auth_devices d WHERE d.user_id = $1 ORDER BY d.last_used_at DESC, d.id DESC LIMIT $2)";

const REMEMBER: &str = "\
    INSERT INTO auth_devices (id, user_id, credential_version, factor_version, user_agent, created_at, last_used_at, \
        expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";

/// Opens a session, and returns the row of its user; no row if the account has changed or the
/// second proof cannot be spent.
pub(super) async fn open<D: Database>(
    store: &SeaOrmStore<D>,
    new: &NewSession,
    events: &[Event],
    mails: &[Intent],
) -> Result<Vec<QueryResult>, StoreError> {
    if !store.is_postgres() {
        return transaction!(store, |txn| open_in(txn, new, events, mails));
    }
    if let Some(SecondProof::Answer {
        spent: SpentFactor::Enrolled { .. },
        ..
    }) = &new.second
    {
        return transaction!(store, |txn| open_enrolled(txn, new, events, mails));
    }
    let opening = || statement(store.backend(), new, new.factor_version, events, mails);
    let rows = store.query(Access::Write, opening).await?;
    if !rows.is_empty() {
        return Ok(rows);
    }
    transaction!(store, |txn| open_held(txn, new, events, mails))
}

/// Locks the user row first, so that no other transaction writes it between the two statements, and
/// the second statement sees all sessions that were opened before it.
async fn open_held(
    txn: &Txn<'_>,
    new: &NewSession,
    events: &[Event],
    mails: &[Intent],
) -> Result<Vec<QueryResult>, DbErr> {
    run(txn, HOLD, [new.user_id.as_uuid().into()]).await?;
    let version = new.factor_version;
    txn.query(statement(txn.backend(), new, version, events, mails))
        .await
}

/// On Postgres, confirms a factor and opens the session with the `factor_version` that the
/// confirmation has set.
async fn open_enrolled(
    txn: &Txn<'_>,
    new: &NewSession,
    events: &[Event],
    mails: &[Intent],
) -> Result<Vec<QueryResult>, DbErr> {
    run(txn, HOLD, [new.user_id.as_uuid().into()]).await?;
    let Some(factor_version) = prove_in(txn, new).await? else {
        return Ok(Vec::new());
    };
    let opening = statement(txn.backend(), new, factor_version, events, mails);
    let rows = txn.query(opening).await?;
    if !rows.is_empty() {
        remember_in(txn, new, factor_version).await?;
    }
    Ok(rows)
}

/// Opens a session inside a transaction that excludes other writers.
async fn open_in(
    txn: &Txn<'_>,
    new: &NewSession,
    events: &[Event],
    mails: &[Intent],
) -> Result<Vec<QueryResult>, DbErr> {
    let Some(factor_version) = prove_in(txn, new).await? else {
        return Ok(Vec::new());
    };
    let [user_id, now, version, verified, rehashed] = sign_in_values(new);
    let values = [
        user_id,
        now,
        version,
        verified,
        rehashed,
        factor_version.into(),
    ];
    let users = run(txn, NOTE, values).await?;
    if !users.is_empty() {
        let values = [
            new.user_id.as_uuid().into(),
            new.created_at.into(),
            new.credential_version.into(),
            others(new),
            EndReason::TooManySessions.as_str().into(),
        ];
        run(txn, MAKE_ROOM, values).await?;
        run(txn, INSERT, session_values(new)).await?;
        remember_in(txn, new, factor_version).await?;
        limiter::clear(txn, new.cleared_counter).await?;
        for event in events {
            event::insert(txn, event, Some(new.user_id)).await?;
        }
        order::insert(txn, mails, Some(new.user_id)).await?;
    }
    Ok(users)
}

/// Spends the second proof, and returns the `factor_version` afterwards. If the account has changed
/// or the proof cannot be spent, returns `None` and writes nothing. The transaction excludes other
/// writers of the user's rows.
async fn prove_in(txn: &Txn<'_>, new: &NewSession) -> Result<Option<i64>, DbErr> {
    let Some(second) = &new.second else {
        return Ok(Some(new.factor_version));
    };
    let [user_id, now, version, verified, _] = sign_in_values(new);
    let unchanged = [
        user_id.clone(),
        version.clone(),
        new.factor_version.into(),
        verified,
    ];
    if run(txn, UNCHANGED, unchanged).await?.is_empty() {
        return Ok(None);
    }
    let (challenge, spent) = match second {
        SecondProof::Device(id) => {
            let id = id.as_uuid().into();
            let values = [user_id, now, version, new.factor_version.into(), id];
            let used = run(txn, USE_DEVICE, values).await?;
            return Ok((!used.is_empty()).then_some(new.factor_version));
        }
        SecondProof::Answer {
            challenge, spent, ..
        } => (challenge, spent),
    };
    let values = [user_id.clone(), now.clone(), challenge.as_uuid().into()];
    let rows = run(txn, UNSPENT, values).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let proved = match spent {
        SpentFactor::Totp(totp) => factor::use_step(txn, new.user_id, totp, new.created_at).await?,
        SpentFactor::RecoveryCode(digest) => {
            let used = run(txn, USE_CODE, [user_id, bytes(digest)]).await?;
            !used.is_empty()
        }
        SpentFactor::Enrolled { id, step, codes } => {
            let pending: Option<Uuid> = column(row, "factor_id")?;
            let confirmation = Confirmation {
                user: new.user_id,
                factor: *id,
                step: *step,
                codes,
                now: new.created_at,
            };
            match factor::held(txn, new.user_id).await? {
                Some(count) if pending == Some(id.as_uuid()) => matches!(
                    factor::confirm(txn, count, &confirmation).await?,
                    ConfirmedTotp::Confirmed { .. }
                ),
                _ => false,
            }
        }
    };
    if !proved {
        return Ok(None);
    }
    run(txn, SPEND_CHALLENGE, [challenge.as_uuid().into(), now]).await?;
    let confirmed = matches!(spent, SpentFactor::Enrolled { .. });
    Ok(Some(new.factor_version + i64::from(confirmed)))
}

async fn remember_in(txn: &Txn<'_>, new: &NewSession, factor_version: i64) -> Result<(), DbErr> {
    let Some(SecondProof::Answer {
        remember: Some(device),
        ..
    }) = &new.second
    else {
        return Ok(());
    };
    let user = || Value::from(new.user_id.as_uuid());
    run(txn, TRIM_DEVICES, [user(), other_devices()]).await?;
    let values = [
        device.id.as_uuid().into(),
        user(),
        new.credential_version.into(),
        factor_version.into(),
        new.client.user_agent.clone().into(),
        new.created_at.into(),
        device.expires_at.into(),
    ];
    run(txn, REMEMBER, values).await.map(drop)
}

/// The statement that opens the session on Postgres and spends the second proof, except an
/// enrolment, which was confirmed before.
fn statement(
    backend: DbBackend,
    new: &NewSession,
    factor_version: i64,
    written: &[Event],
    mails: &[Intent],
) -> Statement {
    let [user_id, now, version, verified, rehashed] = sign_in_values(new);
    let [
        id,
        _,
        digest,
        _,
        _,
        idle,
        absolute,
        ip,
        user_agent,
        methods,
        strong,
        kind,
        authenticated_at,
    ] = session_values(new);
    let mut values = vec![
        user_id,
        now,
        version,
        verified,
        rehashed,
        id,
        digest,
        idle,
        absolute,
        ip,
        user_agent,
        events(written),
        intents(mails),
        cleared_counter(new.cleared_counter),
        others(new),
        EndReason::TooManySessions.as_str().into(),
        methods,
        factor_version.into(),
        strong,
        kind,
        authenticated_at,
    ];
    let sql = match &new.second {
        None => OPEN,
        Some(SecondProof::Device(id)) => {
            values.push(id.as_uuid().into());
            OPEN_ON_DEVICE
        }
        Some(SecondProof::Answer {
            challenge,
            spent,
            remember,
        }) => {
            let (totp, code) = match spent {
                SpentFactor::Totp(totp) => (Some(totp), None),
                SpentFactor::RecoveryCode(digest) => (None, Some(digest.as_bytes().to_vec())),
                SpentFactor::Enrolled { .. } => {
                    return Statement::from_sql_and_values(backend, OPEN, values);
                }
            };
            values.extend([
                challenge.as_uuid().into(),
                totp.map(|totp| totp.id.as_uuid()).into(),
                totp.map(|totp| totp.step).into(),
                totp.and_then(|totp| totp.resealed.clone()).into(),
                code.into(),
                remember.map(|device| device.id.as_uuid()).into(),
                remember.map(|device| device.expires_at).into(),
                other_devices(),
            ]);
            OPEN_WITH_ANSWER
        }
    };
    Statement::from_sql_and_values(backend, sql, values)
}

/// The values of `$1` to `$5` in the statement that records a sign-in in the user's row.
fn sign_in_values(new: &NewSession) -> [Value; 5] {
    let [verified, rehashed] = hash_values(new.verified_hash.as_ref(), new.rehashed.as_ref());
    [
        new.user_id.as_uuid().into(),
        new.created_at.into(),
        new.credential_version.into(),
        verified,
        rehashed,
    ]
}

/// The values of `$1` to `$13` in [`INSERT`].
fn session_values(new: &NewSession) -> [Value; 13] {
    [
        new.id.as_uuid().into(),
        new.user_id.as_uuid().into(),
        bytes(&new.digest),
        new.credential_version.into(),
        new.created_at.into(),
        new.idle_expires_at.into(),
        new.absolute_expires_at.into(),
        new.client.ip.map(|ip| ip.to_string()).into(),
        new.client.user_agent.clone().into(),
        new.methods.to_string().into(),
        new.second_factor_at.into(),
        new.kind.as_stored().map(str::to_owned).into(),
        new.authenticated_at.into(),
    ]
}

/// The number of other sessions that are kept.
fn others(new: &NewSession) -> Value {
    (i64::from(new.sessions_at_most.get()) - 1).into()
}

/// The number of other remembered devices that are kept.
fn other_devices() -> Value {
    (i64::from(MAX_DEVICES) - 1).into()
}
