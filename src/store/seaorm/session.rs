//! Sessions: opening, listing, reauthenticating and ending them.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    checked::{checked_values, outcome, unchanged},
    conditions::live_session,
    error::{store_error, unreadable},
    event::{self, events, record},
    limiter::{self, cleared_counter},
    order::{self, intents, order},
    pool::Database,
    row::{bytes, column, session_columns, session_user, user, user_columns},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{ClientInfo, Event},
    mail::Intent,
    store::SessionStore,
    token::{
        Checked, CheckedSession, EndReason, NewSession, OpenSession, Session, SessionId,
        SessionUser,
    },
    user::UserId,
};

/// Writes the user row first, to wait for a reset in flight and then see its changes.
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

/// The live sessions `s` of a user, most recently used first. The offset skips the sessions that may stay.
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
const OPEN: &str = concat!(
    "WITH signed_in AS (",
    note_sign_in!(" AND xmin = (SELECT v.xmin FROM auth_users v WHERE v.id = $1)"),
    user_columns!(""),
    "), beyond AS (",
    beyond!(", signed_in", "", "$15"),
    "), ended AS (\
        UPDATE auth_sessions s SET revoked_at = $2, revoked_reason = $16 \
        FROM beyond WHERE s.id = beyond.id AND s.revoked_at IS NULL\
    ), opened AS (\
        INSERT INTO auth_sessions (id, user_id, generation, digest, credential_version, created_at, rotated_at, \
            idle_expires_at, absolute_expires_at, ip, user_agent, authenticated_at, methods) \
        SELECT $6, signed_in.id, 0, $7, $3, $2, $2, $8, $9, $10, $11, $2, $17 FROM signed_in\
    ), cleared AS (\
        DELETE FROM auth_limits l USING signed_in WHERE l.key = $14\
    ), recorded AS (",
    record!("$12", "signed_in.id", "signed_in"),
    "), ordered AS (",
    order!("$13", "signed_in.id", from "signed_in"),
    ") SELECT * FROM signed_in"
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
        idle_expires_at, absolute_expires_at, ip, user_agent, authenticated_at, methods) \
    VALUES ($1, $2, 0, $3, $4, $5, $5, $6, $7, $8, $9, $5, $10)";

const SESSION_USER: &str = concat!(
    "SELECT ",
    user_columns!("u."),
    ", ",
    session_columns!(),
    " FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id WHERE s.id = $1 AND s.user_id = $3 AND ",
    live_session!()
);

const SESSIONS: &str = concat!(
    "SELECT s.id, s.created_at, s.rotated_at, s.idle_expires_at, s.absolute_expires_at, s.ip, s.user_agent \
    FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id WHERE s.user_id = $1 AND ",
    live_session!(),
    " ORDER BY s.created_at DESC, s.id DESC LIMIT 200"
);

macro_rules! end {
    () => {
        "UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL \
        RETURNING user_id"
    };
}

const END: &str = end!();

pub(super) const END_RECORDED: &str = concat!(
    "WITH ended AS (",
    end!(),
    "), recorded AS (",
    record!("$4", "ended.user_id", "ended"),
    "), ordered AS (",
    order!("$5", "ended.user_id", from "ended"),
    ") SELECT user_id FROM ended"
);

/// This statement does not read the user. If it did, and waited for another statement that increments the version, it
/// would combine the new session row with the old user row, and leave the session open.
macro_rules! end_of {
    () => {
        "UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $4 \
        WHERE id = $1 AND user_id = $3 AND revoked_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2 \
        RETURNING id"
    };
}

const END_OF: &str = end_of!();

const END_OF_RECORDED: &str = concat!(
    "WITH ended AS (",
    end_of!(),
    "), recorded AS (",
    record!("$5", "$3", "ended"),
    ") SELECT id FROM ended"
);

const END_ALL: &str = concat!(
    "WITH raised AS (\
        UPDATE auth_users SET credential_version = credential_version + 1 WHERE id = $1 RETURNING id\
    ), ended AS (\
        UPDATE auth_sessions s SET revoked_at = $2, revoked_reason = $3 \
        FROM raised WHERE s.user_id = raised.id AND s.revoked_at IS NULL\
    ), recorded AS (",
    record!("$4", "raised.id", "raised"),
    ") SELECT id FROM raised"
);

const RAISE_VERSION: &str =
    "UPDATE auth_users SET credential_version = credential_version + 1 WHERE id = $1 RETURNING id";

/// Ends every session of a user.
pub(super) const END_OF_USER: &str = "\
    UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND revoked_at IS NULL";

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
    "WITH authenticated AS (",
    authenticate!(),
    "), recorded AS (",
    record!("$6", "$3", "authenticated"),
    ") SELECT id FROM authenticated"
);

#[async_trait]
impl<D: Database> SessionStore for SeaOrmStore<D> {
    async fn open_session(
        &self,
        new: &NewSession,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<OpenSession, StoreError> {
        let rows = if self.is_postgres() {
            let rows = self.write(OPEN, opening_values(new, event, mail)).await?;
            if rows.is_empty() {
                transaction!(self, |txn| open_held(txn, new, event, mail))?
            } else {
                rows
            }
        } else {
            transaction!(self, |txn| open_in(txn, new, event, mail))?
        };
        let opened = rows
            .first()
            .map(user)
            .transpose()
            .map_err(|error| store_error(&error))?;
        Ok(match opened {
            Some(user) => OpenSession::Opened(user),
            None => OpenSession::Stale,
        })
    }

    async fn session_user(
        &self,
        id: SessionId,
        of: UserId,
        now: Timestamp,
    ) -> Result<Option<SessionUser>, StoreError> {
        let values = [id.as_uuid().into(), now.into(), of.as_uuid().into()];
        let rows = self.read(SESSION_USER, values).await?;
        rows.first()
            .map(session_user)
            .transpose()
            .map_err(|error| store_error(&error))
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let values = [user.as_uuid().into(), now.into()];
        let rows = self.read(SESSIONS, values).await?;
        rows.iter()
            .map(session)
            .collect::<Result<_, _>>()
            .map_err(|error| store_error(&error))
    }

    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        if self.is_postgres() {
            let [id, now, reason] = end_values(id, reason, now);
            let values = [id, now, reason, events([event]), intents(None)];
            return owner(&self.write(END_RECORDED, values).await?)
                .map_err(|error| store_error(&error));
        }
        transaction!(self, |txn| end_in(txn, id, reason, now, event))
    }

    async fn end_session_of(
        &self,
        user: UserId,
        id: SessionId,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let values = || -> [Value; 4] {
            [
                id.as_uuid().into(),
                now.into(),
                user.as_uuid().into(),
                EndReason::Revoked.as_str().into(),
            ]
        };
        if self.is_postgres() {
            let [id, now, user, reason] = values();
            let values = [id, now, user, reason, events([event])];
            return Ok(!self.write(END_OF_RECORDED, values).await?.is_empty());
        }
        transaction!(self, |txn| async {
            let ended = !run(txn, END_OF, values()).await?.is_empty();
            if ended {
                event::insert(txn, event, Some(user)).await?;
            }
            Ok::<_, DbErr>(ended)
        })
    }

    async fn end_sessions(
        &self,
        of: UserId,
        reason: EndReason,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let values = || -> [Value; 3] { [of.as_uuid().into(), now.into(), reason.as_str().into()] };
        if self.is_postgres() {
            let [of, now, reason] = values();
            let values = [of, now, reason, events([event])];
            return Ok(!self.write(END_ALL, values).await?.is_empty());
        }
        transaction!(self, |txn| async {
            if run(txn, RAISE_VERSION, [of.as_uuid().into()])
                .await?
                .is_empty()
            {
                return Ok(false);
            }
            run(txn, END_OF_USER, values()).await?;
            event::insert(txn, event, Some(of)).await?;
            Ok::<_, DbErr>(true)
        })
    }

    async fn reauthenticate(
        &self,
        checked: &CheckedSession,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError> {
        if self.is_postgres() {
            let [id, now, user, version, hash] = checked_values(checked, now);
            let values = [id, now, user, version, hash, events([event])];
            return Ok(outcome(&self.write(AUTHENTICATE_RECORDED, values).await?));
        }
        transaction!(self, |txn| async {
            let rows = run(txn, AUTHENTICATE, checked_values(checked, now)).await?;
            if !rows.is_empty() {
                event::insert(txn, event, Some(checked.user_id)).await?;
            }
            Ok::<_, DbErr>(outcome(&rows))
        })
    }
}

/// No other transaction writes the user row between the two statements, and the second statement sees all sessions that
/// were opened before it.
async fn open_held(
    txn: &Txn<'_>,
    new: &NewSession,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<Vec<QueryResult>, DbErr> {
    run(txn, HOLD, [new.user_id.as_uuid().into()]).await?;
    run(txn, OPEN, opening_values(new, event, mail)).await
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
        limiter::clear(txn, new.cleared_counter).await?;
        event::insert(txn, event, Some(new.user_id)).await?;
        order::insert(txn, mail, Some(new.user_id)).await?;
    }
    Ok(users)
}

fn opening_values(new: &NewSession, event: &Event, mail: Option<&Intent>) -> [Value; 17] {
    let [user_id, now, version, verified, rehashed] = sign_in_values(new);
    let [id, _, digest, _, _, idle, absolute, ip, user_agent, methods] = session_values(new);
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
        cleared_counter(new.cleared_counter),
        others(new),
        EndReason::TooManySessions.as_str().into(),
        methods,
    ]
}

/// `$1` to `$5` of the statement that records a sign-in on the user.
fn sign_in_values(new: &NewSession) -> [Value; 5] {
    let verified = new.verified_hash.as_ref();
    // Without a verified password, there is nothing to rehash.
    let rehashed = verified.and(new.rehashed.as_ref());
    [
        new.user_id.as_uuid().into(),
        new.created_at.into(),
        new.credential_version.into(),
        verified.map(|hash| hash.expose().to_owned()).into(),
        rehashed.map(|hash| hash.expose().to_owned()).into(),
    ]
}

/// `$1` to `$10` of [`INSERT`].
fn session_values(new: &NewSession) -> [Value; 10] {
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
    ]
}

/// How many other sessions may stay.
fn others(new: &NewSession) -> Value {
    (i64::from(new.sessions_at_most.get()) - 1).into()
}

fn session(row: &QueryResult) -> Result<Session, DbErr> {
    let ip: Option<String> = column(row, "ip")?;
    let ip = ip
        .map(|ip| ip.parse())
        .transpose()
        .map_err(|error| unreadable("ip", error))?;
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

pub(super) fn end_values(id: SessionId, reason: EndReason, now: Timestamp) -> [Value; 3] {
    [id.as_uuid().into(), now.into(), reason.as_str().into()]
}

pub(super) async fn end_in(
    txn: &Txn<'_>,
    id: SessionId,
    reason: EndReason,
    now: Timestamp,
    event: &Event,
) -> Result<Option<UserId>, DbErr> {
    let ended = owner(&run(txn, END, end_values(id, reason, now)).await?)?;
    if ended.is_some() {
        event::insert(txn, event, ended).await?;
    }
    Ok(ended)
}

/// The user whose session was ended; `None` if this call ended no session.
pub(super) fn owner(ended: &[QueryResult]) -> Result<Option<UserId>, DbErr> {
    Ok(ended
        .first()
        .map(|row| column::<Uuid>(row, "user_id"))
        .transpose()?
        .map(UserId::from))
}
