//! Sets new passwords: in a session, and with a one-time token.

use std::sync::LazyLock;

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value};

use super::{
    SeaOrmStore,
    browser_session::{is_current, renewal_values},
    checked::{checked_values, outcome, unchanged},
    conditions::{is_proof, live_session},
    ended::END_OF_USER,
    error::{overtaken, store_error},
    event::{self, events, record},
    limiter::{self, cleared_counter},
    one_time_token::{USE, USER_OF, USER_OF_LOCKED},
    order::{self, intents, order},
    pool::Database,
    row::{bytes, column, user, user_columns},
    secure_account,
    takeover::{self, USE_ALL_PROOFS},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    mail::Intent,
    secret::PasswordHash,
    store::PasswordStore,
    token::{
        Checked, CheckedSession, EndReason, Purpose, RenewedCookie, Reset, ResetPassword,
        SecureAccount, SecuredAccount,
    },
    user::{User, UserId},
};

/// Writes the user row first, so that the statement waits for a concurrent reset and then sees its
/// changes.
macro_rules! set_password {
    ($presented:literal) => {
        concat!(
            "UPDATE auth_users AS u SET password_hash = $6, credential_version = credential_version + 1, \
                updated_at = $2 \
            WHERE ",
            unchanged!(),
            " AND EXISTS (SELECT 1 FROM auth_sessions s WHERE s.id = $1 AND s.user_id = u.id AND ",
            is_current!($presented),
            " AND ",
            live_session!(),
            ") RETURNING id, credential_version"
        )
    };
}

const SET_PASSWORD: &str = set_password!("$7");

/// Updates the sessions in one pass, so that no two statements wait for each other. If a session ended concurrently,
/// its row no longer matches once the row is locked, and stays unchanged.
const CHANGE_PASSWORD: &str = concat!(
    "WITH changed AS (",
    set_password!("$10"),
    "), sessions AS (\
        UPDATE auth_sessions s SET \
            digest = CASE WHEN s.id = $1 THEN COALESCE($11, s.digest) ELSE s.digest END, former_digest = NULL, \
            credential_version = CASE WHEN s.id = $1 THEN changed.credential_version ELSE s.credential_version END, \
            revoked_at = CASE WHEN s.id = $1 THEN s.revoked_at ELSE $2 END, \
            revoked_reason = CASE WHEN s.id = $1 THEN s.revoked_reason ELSE $7 END \
        FROM changed WHERE s.user_id = changed.id AND s.revoked_at IS NULL\
    ), recorded AS (",
    record!("$8", "changed.id", "changed"),
    "), ordered AS (",
    order!("$9", "changed.id", from "changed"),
    ") SELECT id FROM changed"
);

const MOVE: &str = "\
    UPDATE auth_sessions SET credential_version = $2, digest = COALESCE($3, digest), former_digest = NULL \
    WHERE id = $1";

const END_OTHERS: &str = "\
    UPDATE auth_sessions SET revoked_at = $2, revoked_reason = $3 \
    WHERE user_id = $4 AND id <> $1 AND revoked_at IS NULL";

/// Only one statement succeeds, because any other statement that waited for the user row finds the version incremented.
/// Locks are taken in this order: users, sessions, other tables.
///
/// The user row must be unchanged since the statement began (`b`). If the row was written in between, the user may have
/// an identity that this statement does not see. The statement then returns nothing, and is run again while the user
/// row is locked.
static RESET: LazyLock<String> =
    LazyLock::new(|| [RESET_USER, &takeover::wiping(), RESET_REST].concat());

const RESET_USER: &str = concat!(
    "WITH changed AS (\
        UPDATE auth_users u SET password_hash = $3, credential_version = u.credential_version + 1, \
            email_verified_at = COALESCE(u.email_verified_at, $2), updated_at = $2, \
            second_factors = CASE WHEN u.email_verified_at IS NULL THEN 0 ELSE u.second_factors END, \
            factor_version = CASE WHEN u.email_verified_at IS NULL THEN u.factor_version + 1 ELSE u.factor_version END \
        FROM auth_one_time_tokens t JOIN auth_users b ON b.id = t.user_id \
        WHERE t.digest = $1 AND t.purpose = 'reset_password' AND t.used_at IS NULL AND t.expires_at > $2 \
            AND u.id = b.id AND u.xmin = b.xmin AND u.status = 'active' \
            AND u.credential_version = t.credential_version AND u.email = t.payload->>'address' \
        RETURNING ",
    user_columns!("u."),
    ", (b.email_verified_at IS NULL) AS taken_over\
    ), taken_over AS (\
        SELECT changed.id FROM changed WHERE changed.taken_over\
    )"
);

const RESET_REST: &str = concat!(
    ", ended AS (\
        UPDATE auth_sessions s SET revoked_at = $2, revoked_reason = $4 \
        FROM changed WHERE s.user_id = changed.id AND s.revoked_at IS NULL\
    ), used AS (\
        UPDATE auth_one_time_tokens t SET used_at = $2 FROM changed \
        WHERE t.user_id = changed.id AND t.used_at IS NULL AND (t.digest = $1 OR ",
    is_proof!("t.purpose"),
    ")\
    ), recorded AS (",
    record!("$5", "changed.id", "changed"),
    "), takeover_recorded AS (",
    record!("$8", "taken_over.id", "taken_over"),
    "), ordered AS (",
    order!("$6", "changed.id", from "changed"),
    "), cleared AS (\
        DELETE FROM auth_limits l USING changed WHERE l.key = $7\
    ) SELECT * FROM changed"
);

const SET_BY_RESET: &str = concat!(
    "UPDATE auth_users SET password_hash = $3, credential_version = credential_version + 1, \
        email_verified_at = COALESCE(email_verified_at, $2), updated_at = $2, \
        second_factors = CASE WHEN email_verified_at IS NULL THEN 0 ELSE second_factors END, \
        factor_version = CASE WHEN email_verified_at IS NULL THEN factor_version + 1 ELSE factor_version END \
    WHERE id = $1 RETURNING ",
    user_columns!("")
);

macro_rules! set_by_administrator {
    () => {
        concat!(
            "UPDATE auth_users SET password_hash = $3, credential_version = credential_version + 1, updated_at = $2 \
            WHERE id = $1 RETURNING ",
            user_columns!("")
        )
    };
}

const SET_BY_ADMINISTRATOR: &str = set_by_administrator!();

const SET_BY_ADMINISTRATOR_RECORDED: &str = concat!(
    "WITH changed AS (",
    set_by_administrator!(),
    "), ended AS (\
        UPDATE auth_sessions s SET revoked_at = $2, revoked_reason = $4 \
        FROM changed WHERE s.user_id = changed.id AND s.revoked_at IS NULL\
    ), recorded AS (",
    record!("$5", "changed.id", "changed"),
    "), ordered AS (",
    order!("$6", "changed.id", from "changed"),
    "), cleared AS (\
        DELETE FROM auth_limits l USING changed WHERE l.key = $7\
    ) SELECT * FROM changed"
);

#[async_trait]
impl<D: Database> PasswordStore for SeaOrmStore<D> {
    async fn change_password(
        &self,
        checked: &CheckedSession,
        renewed: Option<&RenewedCookie>,
        password_hash: &PasswordHash,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Checked, StoreError> {
        if !self.is_postgres() {
            return transaction!(self, |txn| change_in(
                txn,
                (checked, renewed),
                password_hash,
                now,
                event,
                mail
            ));
        }
        let [id, now, user, version, hash] = checked_values(checked, now);
        let [presented, successor, _] = renewal_values(renewed);
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
            presented,
            successor,
        ];
        Ok(outcome(&self.write(CHANGE_PASSWORD, values).await?))
    }

    async fn reset_password(
        &self,
        reset: &ResetPassword,
        event: &Event,
        on_takeover: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<Reset>, StoreError> {
        if !self.is_postgres() {
            return transaction!(self, |txn| reset_in(txn, reset, event, on_takeover, mail));
        }
        let values = || -> [Value; 8] {
            [
                bytes(&reset.digest),
                reset.now.into(),
                reset.password_hash.expose().into(),
                EndReason::PasswordReset.as_str().into(),
                events([event]),
                intents(mail),
                cleared_counter(reset.cleared_counter),
                events([on_takeover]),
            ]
        };
        let rows = self.write(&RESET, values()).await?;
        if !rows.is_empty() {
            return was_reset(&rows).map_err(|error| store_error(&error));
        }
        transaction!(self, |txn| async {
            if run(txn, USER_OF_LOCKED, live_values(reset))
                .await?
                .is_empty()
            {
                return Ok(None);
            }
            was_reset(&run(txn, &RESET, values()).await?)
        })
    }

    async fn secure_account(
        &self,
        secure: &SecureAccount,
        event: &Event,
        reset: &Intent,
    ) -> Result<Option<SecuredAccount>, StoreError> {
        transaction!(self, |txn| secure_account::secure(
            txn, secure, event, reset
        ))
    }

    async fn set_password(
        &self,
        id: UserId,
        password_hash: &PasswordHash,
        cleared_counter: Option<LimitKey>,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<User>, StoreError> {
        let reason = EndReason::PasswordChanged.as_str();
        let values = || -> [Value; 3] {
            let hash = password_hash.expose().into();
            [id.as_uuid().into(), now.into(), hash]
        };
        let rows = if self.is_postgres() {
            let [id, now, hash] = values();
            let cleared = limiter::cleared_counter(cleared_counter);
            let (event, mail) = (events([event]), intents(mail));
            let values = [id, now, hash, reason.into(), event, mail, cleared];
            self.write(SET_BY_ADMINISTRATOR_RECORDED, values).await?
        } else {
            transaction!(self, |txn| async {
                let rows = run(txn, SET_BY_ADMINISTRATOR, values()).await?;
                if !rows.is_empty() {
                    let values = [id.as_uuid().into(), now.into(), reason.into()];
                    run(txn, END_OF_USER, values).await?;
                    limiter::clear(txn, cleared_counter).await?;
                    event::insert(txn, event, Some(id)).await?;
                    order::insert(txn, mail, Some(id)).await?;
                }
                Ok::<_, DbErr>(rows)
            })?
        };
        rows.first()
            .map(user)
            .transpose()
            .map_err(|error| store_error(&error))
    }
}

/// Changes the password inside a transaction that excludes other writers.
async fn change_in(
    txn: &Txn<'_>,
    (checked, renewed): (&CheckedSession, Option<&RenewedCookie>),
    password_hash: &PasswordHash,
    now: Timestamp,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<Checked, DbErr> {
    let [id, at, user, version, hash] = checked_values(checked, now);
    let [presented, successor, _] = renewal_values(renewed);
    let new_hash = password_hash.expose().into();
    let values = [id, at, user, version, hash, new_hash, presented];
    let rows = run(txn, SET_PASSWORD, values).await?;
    let Some(row) = rows.first() else {
        return Ok(Checked::Stale);
    };
    let version: i64 = column(row, "credential_version")?;
    let (id, user) = (checked.id.as_uuid(), checked.user_id.as_uuid());
    run(txn, MOVE, [id.into(), version.into(), successor]).await?;
    let reason = EndReason::PasswordChanged.as_str();
    let values = [id.into(), now.into(), reason.into(), user.into()];
    run(txn, END_OTHERS, values).await?;
    event::insert(txn, event, Some(checked.user_id)).await?;
    order::insert(txn, mail, Some(checked.user_id)).await?;
    Ok(Checked::Done)
}

fn was_reset(rows: &[QueryResult]) -> Result<Option<Reset>, DbErr> {
    rows.first()
        .map(|row| {
            Ok(Reset {
                user: user(row)?,
                taken_over: column(row, "taken_over")?,
            })
        })
        .transpose()
}

/// The values of `$1` to `$3` in the statement that finds the user to whom a reset token belongs.
fn live_values(reset: &ResetPassword) -> [Value; 3] {
    [
        bytes(&reset.digest),
        Purpose::ResetPassword.as_str().into(),
        reset.now.into(),
    ]
}

/// Resets the password inside a transaction that excludes other writers.
async fn reset_in(
    txn: &Txn<'_>,
    reset: &ResetPassword,
    event: &Event,
    on_takeover: &Event,
    mail: Option<&Intent>,
) -> Result<Option<Reset>, DbErr> {
    let rows = run(txn, USER_OF, live_values(reset)).await?;
    let Some(before) = rows.first().map(user).transpose()? else {
        return Ok(None);
    };
    let (id, now, reason) = (before.id, reset.now, EndReason::PasswordReset);
    let taken_over = before.email_verified_at.is_none();
    let uuid = || Value::from(id.as_uuid());
    let hash = reset.password_hash.expose();
    let rows = run(txn, SET_BY_RESET, [uuid(), now.into(), hash.into()]).await?;
    let after = user(rows.first().ok_or_else(overtaken)?)?;
    if taken_over {
        takeover::wipe(txn, id, reason, now).await?;
        event::insert(txn, on_takeover, Some(id)).await?;
    } else {
        let values = [uuid(), now.into(), reason.as_str().into()];
        run(txn, END_OF_USER, values).await?;
        run(txn, USE_ALL_PROOFS, [uuid(), now.into()]).await?;
    }
    run(txn, USE, [bytes(&reset.digest), now.into()]).await?;
    limiter::clear(txn, reset.cleared_counter).await?;
    event::insert(txn, event, Some(id)).await?;
    order::insert(txn, mail, Some(id)).await?;
    Ok(Some(Reset {
        user: after,
        taken_over,
    }))
}
