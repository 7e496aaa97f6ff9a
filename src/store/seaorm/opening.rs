//! Opening a session: the first part of the token store.

use sea_orm::{DbErr, QueryResult, Value};

use super::{
    SeaOrmStore,
    error::store_error,
    event::{self, events, record},
    limit,
    outbox::{self, intents, order},
    pool::Database,
    row::{bytes, user, user_columns},
    transaction::{Txn, run, transaction},
};
use crate::{
    error::StoreError,
    event::Event,
    mail::Intent,
    token::{EndReason, NewSession, OpenSession},
};

/// The user row comes first: that waits for a reset in flight, and then sees what the reset did.
macro_rules! note_sign_in {
    ($condition:literal) => {
        concat!(
            "UPDATE auth_users SET last_login_at = $2, password_hash = COALESCE($5, password_hash) \
            WHERE id = $1 AND status = 'active' AND credential_version = $3 \
                AND ($4 IS NULL OR password_hash = $4)",
            $condition,
            " RETURNING "
        )
    };
}

/// The live sessions `s` of a user, the one used last first: those that may stay come before the offset.
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

/// Every sign-in writes the user row, and waits there for the one before it. But whoever waited counts the sessions
/// that there were before the wait: nothing is opened then (the row is not the one that this statement found), and
/// [`open`] begins again, holding the row.
const OPEN: &str = concat!(
    "WITH u AS (",
    note_sign_in!(" AND xmin = (SELECT v.xmin FROM auth_users v WHERE v.id = $1)"),
    user_columns!(""),
    "), b AS (",
    beyond!(", u", "", "$15"),
    "), d AS (\
        UPDATE auth_sessions s SET revoked_at = $2, revoked_reason = $16 \
        FROM b WHERE s.id = b.id AND s.revoked_at IS NULL\
    ), s AS (\
        INSERT INTO auth_sessions (id, user_id, generation, digest, credential_version, created_at, rotated_at, \
            idle_expires_at, absolute_expires_at, ip, user_agent, authenticated_at) \
        SELECT $6, u.id, 0, $7, $3, $2, $2, $8, $9, $10, $11, $2 FROM u\
    ), l AS (\
        DELETE FROM auth_limits l USING u WHERE l.key = $14\
    ), e AS (",
    record!("$12", "u.id", "u"),
    "), m AS (",
    order!("$13", "u.id", from "u"),
    ") SELECT * FROM u"
);

const HOLD: &str = "SELECT id FROM auth_users WHERE id = $1 FOR NO KEY UPDATE";

const NOTE: &str = concat!(note_sign_in!(""), user_columns!(""));

const MAKE_ROOM: &str = concat!(
    "UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $5 WHERE id IN (",
    beyond!("", " LIMIT -1", "$4"),
    ")"
);

const INSERT: &str = "\
    INSERT INTO auth_sessions (id, user_id, generation, digest, credential_version, created_at, rotated_at, \
        idle_expires_at, absolute_expires_at, ip, user_agent, authenticated_at) \
    VALUES ($1, $2, 0, $3, $4, $5, $5, $6, $7, $8, $9, $5)";

pub(super) async fn open<D: Database>(
    store: &SeaOrmStore<D>,
    new: &NewSession,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<OpenSession, StoreError> {
    let rows = if store.is_postgres() {
        let rows = store.write(OPEN, values(new, event, mail)).await?;
        if rows.is_empty() {
            transaction!(store, |txn| open_held(txn, new, event, mail))?
        } else {
            rows
        }
    } else {
        transaction!(store, |txn| open_in(txn, new, event, mail))?
    };
    let opened = rows.first().map(user).transpose();
    Ok(match opened.map_err(|error| store_error(&error))? {
        Some(user) => OpenSession::Opened(user),
        None => OpenSession::Stale,
    })
}

/// Nobody else writes the user row between the two statements, and the second one sees all that was opened before.
async fn open_held(
    txn: &Txn<'_>,
    new: &NewSession,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<Vec<QueryResult>, DbErr> {
    run(txn, HOLD, [new.user_id.as_uuid().into()]).await?;
    run(txn, OPEN, values(new, event, mail)).await
}

async fn open_in(
    txn: &Txn<'_>,
    new: &NewSession,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<Vec<QueryResult>, DbErr> {
    let users = run(txn, NOTE, sign_in_values(new)).await?;
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
        limit::clear(txn, new.cleared_counter).await?;
        event::insert(txn, event, Some(new.user_id)).await?;
        outbox::insert(txn, mail, Some(new.user_id)).await?;
    }
    Ok(users)
}

fn values(new: &NewSession, event: &Event, mail: Option<&Intent>) -> [Value; 16] {
    let [user_id, now, version, verified, rehashed] = sign_in_values(new);
    let [id, _, digest, _, _, idle, absolute, ip, user_agent] = session_values(new);
    [
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
        events([event]),
        intents(mail),
        limit::cleared_counter(new.cleared_counter),
        others(new),
        EndReason::TooManySessions.as_str().into(),
    ]
}

/// `$1` to `$5` of the statement that notes a sign-in on the user.
fn sign_in_values(new: &NewSession) -> [Value; 5] {
    let verified = new.verified_hash.as_ref();
    // Without a password that was verified there is none that could be hashed again.
    let rehashed = verified.and(new.rehashed.as_ref());
    [
        new.user_id.as_uuid().into(),
        new.created_at.into(),
        new.credential_version.into(),
        verified.map(|hash| hash.expose().to_owned()).into(),
        rehashed.map(|hash| hash.expose().to_owned()).into(),
    ]
}

/// `$1` to `$9` of [`INSERT`].
fn session_values(new: &NewSession) -> [Value; 9] {
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
    ]
}

/// How many other sessions may stay.
fn others(new: &NewSession) -> Value {
    (i64::from(new.sessions_at_most.get()) - 1).into()
}
