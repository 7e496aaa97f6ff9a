//! Sessions in their owner's hands, and what is done on the strength of one: the third part of the token store.

use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    conditions::live_session,
    error::{store_error, unreadable},
    event::{self, events, record},
    outbox::{self, intents, order},
    pool::Database,
    row::column,
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{ClientInfo, Event},
    mail::Intent,
    secret::PasswordHash,
    token::{Checked, CheckedSession, EndReason, Session, SessionId},
    user::UserId,
};

const SESSIONS: &str = concat!(
    "SELECT s.id, s.created_at, s.rotated_at, s.idle_expires_at, s.absolute_expires_at, s.ip, s.user_agent \
    FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id WHERE s.user_id = $1 AND ",
    live_session!(),
    " ORDER BY s.created_at DESC, s.id DESC LIMIT 200"
);

/// Ends every session of a user.
pub(super) const END_OF_USER: &str = "\
    UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND revoked_at IS NULL";

/// Without a look at the user: a statement that waits here for one that raises the version would pair the new session
/// with the old user, and leave it open.
macro_rules! end_of {
    () => {
        "UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $4 \
        WHERE id = $1 AND user_id = $3 AND revoked_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2 \
        RETURNING id"
    };
}

const END_OF: &str = end_of!();

const END_OF_RECORDED: &str = concat!(
    "WITH s AS (",
    end_of!(),
    "), e AS (",
    record!("$5", "$3", "s"),
    ") SELECT id FROM s"
);

/// What must still be so of a user `u`, after a check of the credential in a session.
macro_rules! unchanged {
    () => {
        "u.id = $3 AND u.credential_version = $4 AND u.password_hash IS NOT DISTINCT FROM $5"
    };
}
pub(super) use unchanged;

/// The user row comes first: that waits for a reset in flight, and then sees what the reset did.
macro_rules! set_password {
    () => {
        concat!(
            "UPDATE auth_users AS u SET password_hash = $6, credential_version = credential_version + 1, \
                updated_at = $2 \
            WHERE ",
            unchanged!(),
            " AND EXISTS (SELECT 1 FROM auth_sessions s WHERE s.id = $1 AND s.user_id = u.id AND ",
            live_session!(),
            ") RETURNING id, credential_version"
        )
    };
}

const SET_PASSWORD: &str = set_password!();

/// One pass over the sessions, so that no two statements wait for each other. A session that was ended meanwhile
/// is not open any more when its row is had, and stays as it is.
const CHANGE_PASSWORD: &str = concat!(
    "WITH u AS (",
    set_password!(),
    "), s AS (\
        UPDATE auth_sessions s SET \
            credential_version = CASE WHEN s.id = $1 THEN u.credential_version ELSE s.credential_version END, \
            revoked_at = CASE WHEN s.id = $1 THEN s.revoked_at ELSE $2 END, \
            revoked_reason = CASE WHEN s.id = $1 THEN s.revoked_reason ELSE $7 END \
        FROM u WHERE s.user_id = u.id AND s.revoked_at IS NULL\
    ), e AS (",
    record!("$8", "u.id", "u"),
    "), m AS (",
    order!("$9", "u.id", from "u"),
    ") SELECT id FROM u"
);

const MOVE: &str = "UPDATE auth_sessions SET credential_version = $2 WHERE id = $1";

const END_OTHERS: &str = "\
    UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $3 \
    WHERE user_id = $4 AND id <> $1 AND revoked_at IS NULL";

macro_rules! authenticate {
    () => {
        concat!(
            "UPDATE auth_sessions AS s SET authenticated_at = $2 WHERE s.id = $1 AND s.user_id = $3 \
            AND EXISTS (SELECT 1 FROM auth_users u WHERE ",
            unchanged!(),
            " AND ",
            live_session!(),
            ") RETURNING id"
        )
    };
}

const AUTHENTICATE: &str = authenticate!();

const AUTHENTICATE_RECORDED: &str = concat!(
    "WITH s AS (",
    authenticate!(),
    "), e AS (",
    record!("$6", "$3", "s"),
    ") SELECT id FROM s"
);

pub(super) async fn list<D: Database>(
    store: &SeaOrmStore<D>,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let values = [user.as_uuid().into(), now.into()];
    let rows = store.read(SESSIONS, values).await?;
    let sessions: Result<_, _> = rows.iter().map(session).collect();
    sessions.map_err(|error| store_error(&error))
}

fn session(row: &QueryResult) -> Result<Session, DbErr> {
    let ip: Option<String> = column(row, "ip")?;
    let ip = ip.map(|ip| ip.parse()).transpose();
    let ip = ip.map_err(|error| unreadable("ip", error))?;
    let agent: Option<String> = column(row, "user_agent")?;
    Ok(Session {
        id: column::<Uuid>(row, "id")?.into(),
        created_at: column(row, "created_at")?,
        rotated_at: column(row, "rotated_at")?,
        idle_expires_at: column(row, "idle_expires_at")?,
        absolute_expires_at: column(row, "absolute_expires_at")?,
        client: ClientInfo::new(ip, agent.as_deref()),
    })
}

pub(super) async fn end_of<D: Database>(
    store: &SeaOrmStore<D>,
    user: UserId,
    id: SessionId,
    now: Timestamp,
    event: &Event,
) -> Result<bool, StoreError> {
    let values = || -> [Value; 4] {
        let reason = EndReason::Revoked.as_str();
        [
            id.as_uuid().into(),
            now.into(),
            user.as_uuid().into(),
            reason.into(),
        ]
    };
    if store.is_postgres() {
        let [id, now, user, reason] = values();
        let values = [id, now, user, reason, events([event])];
        return Ok(!store.write(END_OF_RECORDED, values).await?.is_empty());
    }
    transaction!(store, |txn| async {
        let ended = !run(txn, END_OF, values()).await?.is_empty();
        if ended {
            event::insert(txn, event, Some(user)).await?;
        }
        Ok::<_, DbErr>(ended)
    })
}

pub(super) async fn change_password<D: Database>(
    store: &SeaOrmStore<D>,
    checked: &CheckedSession,
    password_hash: &PasswordHash,
    now: Timestamp,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<Checked, StoreError> {
    if !store.is_postgres() {
        return transaction!(store, |txn| change_in(
            txn,
            checked,
            password_hash,
            now,
            event,
            mail
        ));
    }
    let [id, now, user, version, hash] = checked_values(checked, now);
    let values = [
        id,
        now,
        user,
        version,
        hash,
        password_hash.expose().into(),
        EndReason::PasswordChanged.as_str().into(),
        events([event]),
        intents(mail),
    ];
    Ok(outcome(&store.write(CHANGE_PASSWORD, values).await?))
}

/// The change inside a transaction that nobody can write beside.
async fn change_in(
    txn: &Txn<'_>,
    checked: &CheckedSession,
    password_hash: &PasswordHash,
    now: Timestamp,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<Checked, DbErr> {
    let [id, at, user, version, hash] = checked_values(checked, now);
    let values = [id, at, user, version, hash, password_hash.expose().into()];
    let rows = run(txn, SET_PASSWORD, values).await?;
    let Some(row) = rows.first() else {
        return Ok(Checked::Stale);
    };
    let version: i64 = column(row, "credential_version")?;
    let (id, user) = (checked.id.as_uuid(), checked.user_id.as_uuid());
    run(txn, MOVE, [id.into(), version.into()]).await?;
    let reason = EndReason::PasswordChanged.as_str();
    let values = [id.into(), now.into(), reason.into(), user.into()];
    run(txn, END_OTHERS, values).await?;
    event::insert(txn, event, Some(checked.user_id)).await?;
    outbox::insert(txn, mail, Some(checked.user_id)).await?;
    Ok(Checked::Done)
}

pub(super) async fn reauthenticate<D: Database>(
    store: &SeaOrmStore<D>,
    checked: &CheckedSession,
    now: Timestamp,
    event: &Event,
) -> Result<Checked, StoreError> {
    if store.is_postgres() {
        let [id, now, user, version, hash] = checked_values(checked, now);
        let values = [id, now, user, version, hash, events([event])];
        return Ok(outcome(&store.write(AUTHENTICATE_RECORDED, values).await?));
    }
    transaction!(store, |txn| async {
        let rows = run(txn, AUTHENTICATE, checked_values(checked, now)).await?;
        if !rows.is_empty() {
            event::insert(txn, event, Some(checked.user_id)).await?;
        }
        Ok::<_, DbErr>(outcome(&rows))
    })
}

/// `$1` to `$5` of what is done on the strength of a session.
pub(super) fn checked_values(checked: &CheckedSession, now: Timestamp) -> [Value; 5] {
    let hash = checked.verified_hash.as_ref();
    [
        checked.id.as_uuid().into(),
        now.into(),
        checked.user_id.as_uuid().into(),
        checked.credential_version.into(),
        hash.map(|hash| hash.expose().to_owned()).into(),
    ]
}

fn outcome(written: &[QueryResult]) -> Checked {
    if written.is_empty() {
        Checked::Stale
    } else {
        Checked::Done
    }
}
