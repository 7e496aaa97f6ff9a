use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value};

use super::{
    SeaOrmStore,
    conditions::live_session,
    error::{store_error, unreadable},
    event::{self, events, record},
    one_time, opening,
    outbox::{self, intents, order},
    pool::Database,
    row::{bytes, column, digest, session_user, user_columns},
    session::{self, END_OF_USER},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    mail::Intent,
    secret::{PasswordHash, TokenDigest},
    store::{OneTimeTokenStore, PasswordStore, RotationStore, SessionStore},
    token::{
        Checked, CheckedSession, EndReason, IssueOneTime, NewOneTimeToken, NewSession,
        OneTimeStatus, OpenSession, Purpose, RefreshGeneration, Reset, ResetPassword, ReuseClass,
        RotateSession, Rotation, Session, SessionId, SessionState, SessionUser, Verdict,
    },
    user::{User, UserId},
};

/// How often a rotation is tried again when the token turns out to be the current one after all.
const MAX_ROTATIONS: u32 = 4;

/// The columns of a session `s` that [`session_user`] reads beside the user's.
macro_rules! session_columns {
    () => {
        "s.idle_expires_at, s.absolute_expires_at, \
        COALESCE(s.authenticated_at, s.created_at) AS authenticated_at"
    };
}

const SESSION_USER: &str = concat!(
    "SELECT ",
    user_columns!("u."),
    ", ",
    session_columns!(),
    " FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id WHERE s.id = $1 AND s.user_id = $3 AND ",
    live_session!()
);

/// An exchange that waited for a lock is dated by the end of that wait: else a retry after a long one looks older than
/// it is. The time is the clock's. The database says only for how long, if that is 2 s or more, and an hour at most:
/// its own clock may jump.
const ROTATE: &str = concat!(
    "UPDATE auth_sessions s SET generation = s.generation + 1, digest = $5, idle_expires_at = $6, \
        rotated_at = CAST($2 AS timestamptz) \
            + CASE WHEN clock_timestamp() - transaction_timestamp() < INTERVAL '2 seconds' THEN INTERVAL '0' \
                ELSE LEAST(clock_timestamp() - transaction_timestamp(), INTERVAL '1 hour') END \
    FROM auth_users u WHERE s.id = $1 AND s.generation = $3 AND s.digest = $4 AND u.id = s.user_id AND ",
    live_session!(),
    " RETURNING ",
    user_columns!("u."),
    ", ",
    session_columns!()
);

const ADVANCE: &str = "\
    UPDATE auth_sessions SET generation = generation + 1, digest = $2, rotated_at = $3, idle_expires_at = $4 \
    WHERE id = $1";

const STATE: &str = concat!(
    "SELECT ",
    user_columns!("u."),
    ", s.generation, s.digest, s.rotated_at, ",
    session_columns!(),
    ", (",
    live_session!(),
    ") AS live FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id WHERE s.id = $1"
);

macro_rules! end {
    () => {
        "UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL \
        RETURNING user_id"
    };
}

const END: &str = end!();

const END_RECORDED: &str = concat!(
    "WITH s AS (",
    end!(),
    "), e AS (",
    record!("$4", "s.user_id", "s"),
    "), m AS (",
    order!("$5", "s.user_id", from "s"),
    ") SELECT user_id FROM s"
);

const END_ALL: &str = concat!(
    "WITH u AS (\
        UPDATE auth_users SET credential_version = credential_version + 1 WHERE id = $1 RETURNING id\
    ), s AS (\
        UPDATE auth_sessions s SET revoked_at = $2, revoked_reason = $3 \
        FROM u WHERE s.user_id = u.id AND s.revoked_at IS NULL\
    ), e AS (",
    record!("$4", "u.id", "u"),
    ") SELECT id FROM u"
);

const RAISE_VERSION: &str =
    "UPDATE auth_users SET credential_version = credential_version + 1 WHERE id = $1 RETURNING id";

#[async_trait]
impl<D: Database> SessionStore for SeaOrmStore<D> {
    async fn open_session(
        &self,
        new: &NewSession,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<OpenSession, StoreError> {
        opening::open(self, new, event, mail).await
    }

    async fn session_user(
        &self,
        id: SessionId,
        of: UserId,
        now: Timestamp,
    ) -> Result<Option<SessionUser>, StoreError> {
        let values = [id.as_uuid().into(), now.into(), of.as_uuid().into()];
        let rows = self.read(SESSION_USER, values).await?;
        let found = rows.first().map(session_user).transpose();
        found.map_err(|error| store_error(&error))
    }

    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        end(self, id, reason, now, event).await
    }

    async fn end_session_of(
        &self,
        user: UserId,
        id: SessionId,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError> {
        session::end_of(self, user, id, now, event).await
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        session::list(self, user, now).await
    }

    async fn reauthenticate(
        &self,
        checked: &CheckedSession,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError> {
        session::reauthenticate(self, checked, now, event).await
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
            let raised = run(txn, RAISE_VERSION, [of.as_uuid().into()]).await?;
            if raised.is_empty() {
                return Ok(false);
            }
            run(txn, END_OF_USER, values()).await?;
            event::insert(txn, event, Some(of)).await?;
            Ok::<_, DbErr>(true)
        })
    }
}

#[async_trait]
impl<D: Database> RotationStore for SeaOrmStore<D> {
    async fn session_to_rotate(
        &self,
        rotation: &RotateSession,
    ) -> Result<Option<SessionUser>, StoreError> {
        let state = [rotation.id.as_uuid().into(), rotation.now.into()];
        let rows = self.read(STATE, state).await?;
        let row = rows.first();
        let classified = classify(row, rotation).map_err(|error| store_error(&error))?;
        Ok(match classified {
            Classified::Current => {
                let found = row.map(session_user).transpose();
                found.map_err(|error| store_error(&error))?
            }
            Classified::Decided(Rotation::Superseded(live, _)) => Some(live),
            Classified::Decided(_) | Classified::Reused(_) => None,
        })
    }

    async fn rotate_session(
        &self,
        rotation: &RotateSession,
        on_reuse: &Event,
        mail: Option<&Intent>,
    ) -> Result<Rotation, StoreError> {
        let Some(successor) = rotation.successors.first() else {
            return Ok(Rotation::Gone);
        };
        if !self.is_postgres() {
            return transaction!(self, |txn| rotate(
                txn,
                rotation,
                successor,
                (on_reuse, mail)
            ));
        }
        for _ in 0..MAX_ROTATIONS {
            let values = [
                rotation.id.as_uuid().into(),
                rotation.now.into(),
                i64::from(rotation.generation).into(),
                bytes(&rotation.presented),
                bytes(successor),
                rotation.idle_expires_at.into(),
            ];
            if let Some(row) = self.write(ROTATE, values).await?.first() {
                let rotated = session_user(row).map_err(|error| store_error(&error))?;
                return Ok(Rotation::Rotated(rotated));
            }
            // A statement of its own, for a snapshot of its own: what the UPDATE saw when it was made to wait pairs
            // the new session with the old user.
            let state = [rotation.id.as_uuid().into(), rotation.now.into()];
            let rows = self.read(STATE, state).await?;
            let classified =
                classify(rows.first(), rotation).map_err(|error| store_error(&error))?;
            match classified {
                Classified::Current => {}
                Classified::Decided(outcome) => return Ok(outcome),
                Classified::Reused(class) => {
                    let [id, now, reason] = end_values(rotation.id, EndReason::Reuse, rotation.now);
                    let event = events([&class.noted_on(on_reuse)]);
                    let values = [id, now, reason, event, intents(mail)];
                    let ended = owner(&self.write(END_RECORDED, values).await?);
                    let ended = ended.map_err(|error| store_error(&error))?;
                    return Ok(ended.map_or(Rotation::Gone, |user| Rotation::Reused(user, class)));
                }
            }
        }
        Err(StoreError::Conflict(
            "the rotation met another writer each time".into(),
        ))
    }
}

#[async_trait]
impl<D: Database> OneTimeTokenStore for SeaOrmStore<D> {
    async fn issue_one_time(&self, token: &NewOneTimeToken) -> Result<IssueOneTime, StoreError> {
        one_time::issue(self, token).await
    }

    async fn one_time_status(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<OneTimeStatus, StoreError> {
        one_time::status_of(self, digest, purpose, now).await
    }

    async fn one_time_user(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        one_time::user_of(self, digest, purpose, now).await
    }

    async fn unlock(
        &self,
        digest: &TokenDigest,
        cleared_counter: Option<LimitKey>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        one_time::unlock(self, digest, cleared_counter, now, event).await
    }
}

#[async_trait]
impl<D: Database> PasswordStore for SeaOrmStore<D> {
    async fn change_password(
        &self,
        checked: &CheckedSession,
        password_hash: &PasswordHash,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Checked, StoreError> {
        session::change_password(self, checked, password_hash, now, event, mail).await
    }

    async fn reset_password(
        &self,
        reset: &ResetPassword,
        event: &Event,
        on_takeover: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<Reset>, StoreError> {
        one_time::reset_password(self, reset, event, on_takeover, mail).await
    }
}

/// Ends a session, and writes the event if it was open.
async fn end<D: Database>(
    store: &SeaOrmStore<D>,
    id: SessionId,
    reason: EndReason,
    now: Timestamp,
    event: &Event,
) -> Result<Option<UserId>, StoreError> {
    if store.is_postgres() {
        let [id, now, reason] = end_values(id, reason, now);
        let values = [id, now, reason, events([event]), intents(None)];
        let ended = owner(&store.write(END_RECORDED, values).await?);
        return ended.map_err(|error| store_error(&error));
    }
    transaction!(store, |txn| end_in(txn, id, reason, now, event))
}

fn end_values(id: SessionId, reason: EndReason, now: Timestamp) -> [Value; 3] {
    [id.as_uuid().into(), now.into(), reason.as_str().into()]
}

async fn end_in(
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

/// Whose session was ended. Only one call ends it.
fn owner(ended: &[QueryResult]) -> Result<Option<UserId>, DbErr> {
    let row = ended.first();
    let user = row.map(|row| column::<sea_orm::prelude::Uuid>(row, "user_id"));
    Ok(user.transpose()?.map(UserId::from))
}

/// The rotation inside a transaction that nobody can write beside.
async fn rotate(
    txn: &Txn<'_>,
    rotation: &RotateSession,
    successor: &TokenDigest,
    (on_reuse, mail): (&Event, Option<&Intent>),
) -> Result<Rotation, DbErr> {
    let state = [rotation.id.as_uuid().into(), rotation.now.into()];
    let rows = run(txn, STATE, state).await?;
    let row = rows.first();
    match (classify(row, rotation)?, row) {
        (Classified::Decided(outcome), _) => Ok(outcome),
        (Classified::Reused(class), _) => {
            let event = class.noted_on(on_reuse);
            let ended = end_in(txn, rotation.id, EndReason::Reuse, rotation.now, &event).await?;
            if ended.is_some() {
                outbox::insert(txn, mail, ended).await?;
            }
            Ok(ended.map_or(Rotation::Gone, |user| Rotation::Reused(user, class)))
        }
        (Classified::Current, None) => Ok(Rotation::Gone),
        (Classified::Current, Some(row)) => {
            let mut rotated = session_user(row)?;
            rotated.idle_expires_at = rotation.idle_expires_at;
            let values = [
                rotation.id.as_uuid().into(),
                bytes(successor),
                rotation.now.into(),
                rotation.idle_expires_at.into(),
            ];
            run(txn, ADVANCE, values).await?;
            Ok(Rotation::Rotated(rotated))
        }
    }
}

#[allow(clippy::large_enum_variant, reason = "lives for one call")]
enum Classified {
    Current,
    Decided(Rotation),
    Reused(ReuseClass),
}

fn classify(row: Option<&QueryResult>, rotation: &RotateSession) -> Result<Classified, DbErr> {
    let Some(row) = row else {
        return Ok(Classified::Decided(Rotation::Gone));
    };
    let generation: i64 = column(row, "generation")?;
    let state = SessionState {
        generation: RefreshGeneration::try_from(generation)
            .map_err(|error| unreadable("generation", error))?,
        digest: digest(row)?,
        rotated_at: column(row, "rotated_at")?,
        live: column(row, "live")?,
    };
    Ok(match state.classify(rotation) {
        Verdict::Current => Classified::Current,
        Verdict::Gone => Classified::Decided(Rotation::Gone),
        Verdict::Reused(class) => Classified::Reused(class),
        Verdict::Superseded => {
            Classified::Decided(Rotation::Superseded(session_user(row)?, state.digest))
        }
    })
}
