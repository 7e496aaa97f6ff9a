//! Opens, lists, reauthenticates and ends sessions.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    browser_session::{may_renew, renewal_values, renewing},
    checked::{checked_values, outcome, unchanged},
    conditions::{live_session, with_methods},
    ended::END_OF_USER,
    error::{store_error, unreadable},
    event::{self, events, record},
    factor::held,
    opening,
    order::{intents, order},
    pool::Database,
    row::{column, session_columns, session_user, user, user_columns},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{ClientInfo, Event},
    mail::Intent,
    store::SessionStore,
    token::{
        Checked, CheckedSession, EndReason, NewSession, OpenSession, RenewedCookie, Session,
        SessionId, SessionUser,
    },
    user::UserId,
};

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

/// This statement does not read the user. If it read the user and had to wait for another statement that increments the
/// version, it would combine the new session row with the old user row, and leave the session open.
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

/// For the same reason as [`end_of`], this statement does not read the user.
const END_OTHERS: &str = "\
    UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $4 \
    WHERE user_id = $1 AND id <> $3 AND revoked_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2 \
    RETURNING id";

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

macro_rules! authenticate {
    () => {
        concat!(
            "UPDATE auth_sessions AS s SET ",
            renewing!("$6", "$7", "$8"),
            ", authenticated_at = $2, methods = ",
            with_methods!("s.methods", "pwd", "pwd"),
            " WHERE s.id = $1 AND s.user_id = $3 AND ",
            may_renew!("$6", "$7"),
            " AND EXISTS (SELECT 1 FROM auth_users u WHERE ",
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
    record!("$9", "$3", "authenticated"),
    ") SELECT id FROM authenticated"
);

#[async_trait]
impl<D: Database> SessionStore for SeaOrmStore<D> {
    async fn open_session(
        &self,
        new: &NewSession,
        events: &[Event],
        mails: &[Intent],
    ) -> Result<OpenSession, StoreError> {
        let rows = opening::open(self, new, events, mails).await?;
        let opened = rows.first().map(user).transpose();
        Ok(match opened.map_err(|error| store_error(&error))? {
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

    async fn end_other_sessions(
        &self,
        user: UserId,
        kept: SessionId,
        now: Timestamp,
        event: &Event,
    ) -> Result<u64, StoreError> {
        transaction!(self, |txn| async {
            // The user row is locked first, so that concurrent calls do not wait for each other's sessions.
            if held(txn, user).await?.is_none() {
                return Ok(0);
            }
            let values = [
                user.as_uuid().into(),
                now.into(),
                kept.as_uuid().into(),
                EndReason::Revoked.as_str().into(),
            ];
            let ended = run(txn, END_OTHERS, values).await?;
            if !ended.is_empty() {
                event::insert(txn, event, Some(user)).await?;
            }
            Ok::<_, DbErr>(ended.len() as u64)
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
        renewed: Option<&RenewedCookie>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError> {
        let [id, at, user, version, hash] = checked_values(checked, now);
        let [presented, successor, until] = renewal_values(renewed);
        let values = [id, at, user, version, hash, presented, successor, until];
        if self.is_postgres() {
            let [id, at, user, version, hash, presented, successor, until] = values;
            let event = events([event]);
            let values = [
                id, at, user, version, hash, presented, successor, until, event,
            ];
            return Ok(outcome(&self.write(AUTHENTICATE_RECORDED, values).await?));
        }
        transaction!(self, |txn| async {
            let rows = run(txn, AUTHENTICATE, values.clone()).await?;
            if !rows.is_empty() {
                event::insert(txn, event, Some(checked.user_id)).await?;
            }
            Ok::<_, DbErr>(outcome(&rows))
        })
    }
}

pub(super) fn session(row: &QueryResult) -> Result<Session, DbErr> {
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

/// Returns the user whose session was ended; `None` if this call ended no session.
pub(super) fn owner(ended: &[QueryResult]) -> Result<Option<UserId>, DbErr> {
    Ok(ended
        .first()
        .map(|row| column::<Uuid>(row, "user_id"))
        .transpose()?
        .map(UserId::from))
}
