//! Exchanges refresh tokens, in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult};

use super::{
    SeaOrmStore,
    conditions::live_session,
    error::{store_error, unreadable},
    event::events,
    order::{self, intents},
    pool::Database,
    row::{bytes, column, digest, session_columns, session_user, user_columns},
    session::{END_RECORDED, end_in, end_values, owner},
    transaction::{Txn, run, transaction},
};
use crate::{
    error::StoreError,
    event::Event,
    mail::Intent,
    secret::TokenDigest,
    store::RotationStore,
    token::{
        EndReason, RefreshGeneration, ReuseClass, RotateSession, Rotation, SessionState,
        SessionUser, Verdict,
    },
};

/// The maximum number of attempts at a rotation. A rotation is attempted again if the update wrote
/// nothing although the token is still current.
const MAX_ROTATIONS: u32 = 4;

/// If an exchange waited for a lock, `rotated_at` is set to the end of that wait. If it were set to the start of a long
/// wait, the exchange would look older than it is, and a retry could miss the grace period. The start comes from this
/// process's clock, because the database's clock may jump. The database measures only the wait. A wait of less than 2 s
/// is ignored, and a longer wait counts as an hour at most.
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
            Classified::Current => row
                .map(session_user)
                .transpose()
                .map_err(|error| store_error(&error))?,
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
                return session_user(row)
                    .map(Rotation::Rotated)
                    .map_err(|error| store_error(&error));
            }
            // A separate statement gets a new snapshot. An UPDATE that had to wait would combine the new session row
            // with the old user row.
            let state = [rotation.id.as_uuid().into(), rotation.now.into()];
            let rows = self.read(STATE, state).await?;
            match classify(rows.first(), rotation).map_err(|error| store_error(&error))? {
                Classified::Current => {}
                Classified::Decided(outcome) => return Ok(outcome),
                Classified::Reused(class) => {
                    let [id, now, reason] = end_values(rotation.id, EndReason::Reuse, rotation.now);
                    let event = events([&class.noted_on(on_reuse)]);
                    let values = [id, now, reason, event, intents(mail)];
                    let ended = owner(&self.write(END_RECORDED, values).await?)
                        .map_err(|error| store_error(&error))?;
                    return Ok(ended.map_or(Rotation::Gone, |user| Rotation::Reused(user, class)));
                }
            }
        }
        Err(StoreError::Conflict(
            "the rotation conflicted with another writer at each attempt".into(),
        ))
    }
}

/// Exchanges a refresh token inside a transaction that excludes other writers.
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
                order::insert(txn, mail, ended).await?;
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
