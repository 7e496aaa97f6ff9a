//! Address changes with one-time tokens, in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, prelude::Uuid};

use super::{
    SeaOrmStore,
    checked::{checked_values, unchanged},
    conditions::{is_proof, live_session},
    ended::END_OF_USER,
    error::store_error,
    event::{self, events, record},
    one_time_token::{USE, payload, replace},
    order::{self, intents, order},
    pool::Database,
    row::{bytes, column},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::Intent,
    secret::TokenDigest,
    store::AddressStore,
    token::{Checked, CheckedSession, EndReason, NewOneTimeToken},
    user::UserId,
};

/// Selects the user of a live token that was mailed to the user's address. The user row is locked
/// first, so that the statement sees concurrent changes to the user and the token.
macro_rules! to_verify {
    () => {
        concat!(
            "SELECT u.id FROM auth_users u JOIN auth_one_time_tokens t ON t.user_id = u.id \
            WHERE t.digest = $1 AND ",
            is_proof!("t.purpose"),
            " AND t.used_at IS NULL AND t.expires_at > $2 \
                AND u.status = 'active' AND u.email = t.payload->>'address'"
        )
    };
}

/// Selects the user of a live token, if no other user has the address that the token was mailed to.
macro_rules! to_change {
    () => {
        "SELECT u.id FROM auth_users u JOIN auth_one_time_tokens t ON t.user_id = u.id \
        WHERE t.digest = $1 AND t.purpose = 'confirm_email_change' AND t.used_at IS NULL AND t.expires_at > $2 \
            AND u.status = 'active' AND u.credential_version = t.credential_version \
            AND NOT EXISTS (\
                SELECT 1 FROM auth_users o WHERE o.email_canonical = t.payload->>'canonical' AND o.id <> u.id\
            )"
    };
}

/// Only one statement can use the token. If a newer token has replaced the token since `found` read it, this statement
/// uses neither token.
macro_rules! spend {
    () => {
        "UPDATE auth_one_time_tokens AS t SET used_at = $2 FROM found \
        WHERE t.user_id = found.id AND t.digest = $1 AND t.used_at IS NULL RETURNING t.user_id, t.payload"
    };
}

/// Using one token also uses every other token that was mailed to the same address.
macro_rules! spend_others {
    () => {
        concat!(
            "UPDATE auth_one_time_tokens AS o SET used_at = $2 FROM spent \
            WHERE o.user_id = spent.user_id AND o.digest <> $1 AND o.used_at IS NULL AND ",
            is_proof!("o.purpose"),
            " AND o.payload->>'address' = spent.payload->>'address'"
        )
    };
}

macro_rules! set_verified {
    () => {
        "email_verified_at = COALESCE(u.email_verified_at, $2), \
        updated_at = CASE WHEN u.email_verified_at IS NULL THEN $2 ELSE u.updated_at END"
    };
}

macro_rules! set_address {
    ($payload:literal) => {
        concat!(
            "email = ",
            $payload,
            "->>'address', email_canonical = ",
            $payload,
            "->>'canonical', email_verified_at = $2, updated_at = $2, \
            credential_version = u.credential_version + 1"
        )
    };
}

const VERIFY: &str = concat!(
    "WITH found AS (",
    to_verify!(),
    " FOR UPDATE OF u), spent AS (",
    spend!(),
    "), others_spent AS (",
    spend_others!(),
    "), verified AS (UPDATE auth_users u SET ",
    set_verified!(),
    " FROM spent WHERE u.id = spent.user_id RETURNING u.id), recorded AS (",
    record!("$3", "verified.id", "verified"),
    ") SELECT id FROM verified"
);

const CHANGE: &str = concat!(
    "WITH found AS (",
    to_change!(),
    " FOR UPDATE OF u), spent AS (",
    spend!(),
    "), changed AS (UPDATE auth_users u SET ",
    set_address!("spent.payload"),
    " FROM spent WHERE u.id = spent.user_id RETURNING u.id), ended AS (\
        UPDATE auth_sessions s SET revoked_at = $2, revoked_reason = $4 \
        FROM changed WHERE s.user_id = changed.id AND s.revoked_at IS NULL\
    ), recorded AS (",
    record!("$3", "changed.id", "changed"),
    "), ordered AS (",
    order!("$5", "changed.id", from "changed"),
    ") SELECT id FROM changed"
);

/// Used inside a transaction that excludes other writers.
const TO_VERIFY: &str = to_verify!();
const TO_CHANGE: &str = to_change!();
const USE_PROOFS: &str = concat!(
    "UPDATE auth_one_time_tokens AS t SET used_at = $2 FROM auth_users u \
    WHERE t.user_id = $1 AND u.id = $1 AND t.used_at IS NULL AND ",
    is_proof!("t.purpose"),
    " AND t.payload->>'address' = u.email"
);
const SET_VERIFIED: &str = concat!(
    "UPDATE auth_users AS u SET ",
    set_verified!(),
    " WHERE id = $1"
);
const SET_ADDRESS: &str = concat!(
    "UPDATE auth_users AS u SET ",
    set_address!("t.payload"),
    " FROM auth_one_time_tokens t WHERE t.digest = $1 AND u.id = t.user_id"
);

/// Selects the user of a live session, if the user's credentials are unchanged since they were
/// checked in the session.
macro_rules! asking {
    () => {
        concat!(
            "SELECT u.id, u.credential_version FROM auth_users u WHERE ",
            unchanged!(),
            " AND EXISTS (SELECT 1 FROM auth_sessions s WHERE s.id = $1 AND s.user_id = u.id AND ",
            live_session!(),
            ")"
        )
    };
}

macro_rules! keep {
    () => {
        concat!(
            "INSERT INTO auth_one_time_tokens AS t (user_id, purpose, digest, credential_version, created_at, \
                expires_at, payload) \
            SELECT asking.id, $6, $7, asking.credential_version, $2, $8, $9 FROM asking WHERE TRUE ",
            replace!(),
            " RETURNING user_id"
        )
    };
}

const REQUEST: &str = concat!(
    "WITH asking AS (",
    asking!(),
    " FOR SHARE OF u), kept AS (",
    keep!(),
    "), recorded AS (",
    record!("$10", "kept.user_id", "kept"),
    "), ordered AS (",
    order!("$11", "kept.user_id", from "kept"),
    ") SELECT id FROM asking"
);

const ASKING: &str = asking!();
const KEEP: &str = concat!("WITH asking AS (", asking!(), ") ", keep!());

#[async_trait]
impl<D: Database> AddressStore for SeaOrmStore<D> {
    async fn verify_email(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        if self.is_postgres() {
            let values = [bytes(digest), now.into(), events([event])];
            return user_of(&self.write(VERIFY, values).await?);
        }
        transaction!(self, |txn| async {
            let rows = run(txn, TO_VERIFY, [bytes(digest), now.into()]).await?;
            let Some(id) = id(&rows)? else {
                return Ok(None);
            };
            run(txn, USE_PROOFS, [id.as_uuid().into(), now.into()]).await?;
            run(txn, SET_VERIFIED, [id.as_uuid().into(), now.into()]).await?;
            event::insert(txn, event, Some(id)).await?;
            Ok::<_, DbErr>(Some(id))
        })
    }

    async fn request_email_change(
        &self,
        checked: &CheckedSession,
        token: &NewOneTimeToken,
        event: &Event,
        mails: &[Intent],
    ) -> Result<Checked, StoreError> {
        let Some(first) = token.digests.first() else {
            return Ok(Checked::Stale);
        };
        let [session, now, user, version, hash] = checked_values(checked, token.created_at);
        let values = [
            session.clone(),
            now.clone(),
            user.clone(),
            version.clone(),
            hash.clone(),
            token.purpose.as_str().into(),
            bytes(first),
            token.expires_at.into(),
            payload(token),
        ];
        let rows = if self.is_postgres() {
            let [a, b, c, d, e, f, g, h, i] = values;
            let values = [a, b, c, d, e, f, g, h, i, events([event]), intents(mails)];
            self.write(REQUEST, values).await?
        } else {
            transaction!(self, |txn| async {
                let asking = [
                    session.clone(),
                    now.clone(),
                    user.clone(),
                    version.clone(),
                    hash.clone(),
                ];
                let rows = run(txn, ASKING, asking).await?;
                if !run(txn, KEEP, values.clone()).await?.is_empty() {
                    event::insert(txn, event, Some(checked.user_id)).await?;
                    order::insert(txn, mails, Some(checked.user_id)).await?;
                }
                Ok::<_, DbErr>(rows)
            })?
        };
        Ok(if rows.is_empty() {
            Checked::Stale
        } else {
            Checked::Done
        })
    }

    async fn confirm_email_change(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<UserId>, StoreError> {
        if self.is_postgres() {
            let reason = EndReason::EmailChanged.as_str().into();
            let event = events([event]);
            let values = [bytes(digest), now.into(), event, reason, intents(mail)];
            return user_of(&self.write(CHANGE, values).await?);
        }
        transaction!(self, |txn| change_in(txn, digest, now, event, mail))
    }
}

/// Changes the address inside a transaction that excludes other writers.
async fn change_in(
    txn: &Txn<'_>,
    digest: &TokenDigest,
    now: Timestamp,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<Option<UserId>, DbErr> {
    let rows = run(txn, TO_CHANGE, [bytes(digest), now.into()]).await?;
    let Some(id) = id(&rows)? else {
        return Ok(None);
    };
    // The email is queued before the change, so that it goes to the previous address.
    order::insert(txn, mail, Some(id)).await?;
    run(txn, SET_ADDRESS, [bytes(digest), now.into()]).await?;
    run(txn, USE, [bytes(digest), now.into()]).await?;
    let reason = EndReason::EmailChanged.as_str();
    let values = [id.as_uuid().into(), now.into(), reason.into()];
    run(txn, END_OF_USER, values).await?;
    event::insert(txn, event, Some(id)).await?;
    Ok(Some(id))
}

fn user_of(rows: &[QueryResult]) -> Result<Option<UserId>, StoreError> {
    id(rows).map_err(|error| store_error(&error))
}

fn id(rows: &[QueryResult]) -> Result<Option<UserId>, DbErr> {
    Ok(rows
        .first()
        .map(|row| column::<Uuid>(row, "id"))
        .transpose()?
        .map(UserId::from))
}
