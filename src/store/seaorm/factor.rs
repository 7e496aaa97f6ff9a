//! Second factors and recovery codes in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    browser_session::{is_current, renewal_values, renewing},
    conditions::{live_session, with_methods},
    ended::END_OF_USER,
    error::{store_error, unreadable},
    event, order,
    pool::Database,
    row::{bytes, column},
    takeover::WITH_FACTORS,
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    factor::{
        AddTotp, ConfirmTotp, ConfirmedTotp, Factor, FactorId, FactorKind, FactorList, MAX_FACTORS,
        NewTotp, RemoveFactor, SealedTotp, SpentTotp,
    },
    id::{SessionId, UserId},
    mail::Intent,
    secret::TokenDigest,
    store::FactorStore,
    token::{Checked, EndReason, RenewedCookie},
};

const FACTORS: &str = "\
    SELECT f.id, f.name, f.created_at, f.last_used_at, \
        (SELECT COUNT(*) FROM auth_recovery_codes r WHERE r.user_id = $1) AS recovery_codes \
    FROM auth_factors f WHERE f.user_id = $1 AND f.confirmed_at IS NOT NULL ORDER BY f.created_at, f.id";

const TOTPS: &str = "\
    SELECT id, secret, last_step FROM auth_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL";

const PENDING: &str = "\
    SELECT id, secret, last_step FROM auth_factors \
    WHERE user_id = $1 AND id = $2 AND confirmed_at IS NULL AND expires_at > $3";

const PENDING_IN_SESSION: &str = "\
    SELECT id FROM auth_factors \
    WHERE user_id = $1 AND id = $2 AND confirmed_at IS NULL AND expires_at > $3 AND session_id = $4";

/// On Postgres, selects and locks the user row, so that changes to one user's factors run one after
/// the other.
const HOLD: &str = "\
    SELECT second_factors FROM auth_users WHERE id = $1 AND status = 'active' FOR NO KEY UPDATE";
const READ: &str = "SELECT second_factors FROM auth_users WHERE id = $1 AND status = 'active'";

const TRIM: &str = "\
    DELETE FROM auth_factors WHERE user_id = $1 AND confirmed_at IS NULL AND id NOT IN (\
        SELECT f.id FROM auth_factors f WHERE f.user_id = $1 AND f.confirmed_at IS NULL \
        ORDER BY f.created_at DESC, f.id DESC LIMIT $2)";

const ADD: &str = "\
    INSERT INTO auth_factors (id, user_id, name, secret, created_at, expires_at, session_id) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const CONFIRM: &str = "\
    UPDATE auth_factors SET confirmed_at = $3, last_used_at = $3, last_step = $4 \
    WHERE id = $1 AND user_id = $2 AND confirmed_at IS NULL AND expires_at > $3 RETURNING id";

const COUNT: &str = "\
    UPDATE auth_users SET second_factors = second_factors + $2, factor_version = factor_version + 1 WHERE id = $1";

const REMOVE: &str = "\
    DELETE FROM auth_factors WHERE id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL RETURNING id";

const CONFIRMED: &str =
    "SELECT id FROM auth_factors WHERE id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL";

const UNUSED: &str = "\
    SELECT id FROM auth_factors \
    WHERE id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < $3)";

const LIVE: &str = concat!(
    "SELECT s.id FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id WHERE s.id = $1 AND s.user_id = $3 AND ",
    live_session!()
);

const FORGET_CODES: &str = "DELETE FROM auth_recovery_codes WHERE user_id = $1";
const ADD_CODE: &str = "INSERT INTO auth_recovery_codes (user_id, digest) VALUES ($1, $2)";

const USE_STEP: &str = "\
    UPDATE auth_factors SET last_step = $3, last_used_at = $4, secret = COALESCE($5, secret) \
    WHERE id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < $3) \
    RETURNING id";

/// Records in a live session that a code from an authenticator app was presented.
const STRENGTHEN: &str = concat!(
    "UPDATE auth_sessions AS s SET ",
    renewing!("$4", "$5", "$6"),
    ", authenticated_at = $2, second_factor_at = $2, methods = ",
    with_methods!("s.methods", "otp", "otp mfa"),
    " WHERE s.id = $1 AND s.user_id = $3 AND ",
    is_current!("$4"),
    " AND EXISTS (SELECT 1 FROM auth_users u WHERE u.id = s.user_id AND ",
    live_session!(),
    ") RETURNING id"
);

/// Makes the user present a second factor again in all other sessions.
const WEAKEN: &str = "UPDATE auth_sessions SET second_factor_at = NULL, former_second_factor_at = NULL \
    WHERE user_id = $1 AND id <> $2";

/// Voids a pending change of address, because it was requested without a second factor.
const VOID_CHANGE: &str = "\
    UPDATE auth_one_time_tokens SET used_at = $2 \
    WHERE user_id = $1 AND purpose = 'confirm_email_change' AND used_at IS NULL";

const RESET: &str = "\
    UPDATE auth_users SET credential_version = credential_version + 1, factor_version = factor_version + 1, \
        second_factors = 0 \
    WHERE id = $1 RETURNING id";

#[async_trait]
impl<D: Database> FactorStore for SeaOrmStore<D> {
    async fn factors(&self, user: UserId) -> Result<FactorList, StoreError> {
        let rows = self.read(FACTORS, [user.as_uuid().into()]).await?;
        factors(&rows).map_err(|error| store_error(&error))
    }

    async fn totps(&self, user: UserId) -> Result<Vec<SealedTotp>, StoreError> {
        let rows = self.read(TOTPS, [user.as_uuid().into()]).await?;
        rows.iter()
            .map(totp)
            .collect::<Result<_, _>>()
            .map_err(|error| store_error(&error))
    }

    async fn pending_totp(
        &self,
        user: UserId,
        id: FactorId,
        now: Timestamp,
    ) -> Result<Option<SealedTotp>, StoreError> {
        let values = [user.as_uuid().into(), id.as_uuid().into(), now.into()];
        self.read(PENDING, values)
            .await?
            .first()
            .map(totp)
            .transpose()
            .map_err(|error| store_error(&error))
    }

    async fn add_totp(&self, new: &NewTotp) -> Result<AddTotp, StoreError> {
        transaction!(self, |txn| async {
            match held(txn, new.user_id).await? {
                Some(count) => add(txn, count, new).await,
                None => Ok::<_, DbErr>(AddTotp::Gone),
            }
        })
    }

    async fn confirm_totp(
        &self,
        new: &ConfirmTotp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<ConfirmedTotp, StoreError> {
        transaction!(self, |txn| confirm_in(txn, new, event, mail))
    }

    async fn remove_factor(
        &self,
        session: SessionId,
        user: UserId,
        id: FactorId,
        is_required: bool,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<RemoveFactor, StoreError> {
        transaction!(self, |txn| remove_in(
            txn,
            session,
            (user, id),
            is_required,
            event,
            mail
        ))
    }

    async fn renew_codes(
        &self,
        user: UserId,
        codes: &[TokenDigest],
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<bool, StoreError> {
        transaction!(self, |txn| async {
            if held(txn, user).await?.unwrap_or_default() == 0 {
                return Ok(false);
            }
            replace_codes(txn, user, codes).await?;
            run(txn, COUNT, [user.as_uuid().into(), 0_i64.into()]).await?;
            event::insert(txn, event, Some(user)).await?;
            order::insert(txn, mail, Some(user)).await?;
            Ok::<_, DbErr>(true)
        })
    }

    async fn authenticate_with_totp(
        &self,
        session: SessionId,
        user: UserId,
        spent: &SpentTotp,
        renewed: Option<&RenewedCookie>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError> {
        transaction!(self, |txn| async {
            if held(txn, user).await?.is_none() || !is_unused(txn, user, spent).await? {
                return Ok(Checked::Stale);
            }
            if run(txn, STRENGTHEN, strengthening(session, user, renewed, now))
                .await?
                .is_empty()
            {
                return Ok(Checked::Stale);
            }
            use_step(txn, user, spent, now).await?;
            event::insert(txn, event, Some(user)).await?;
            Ok::<_, DbErr>(Checked::Done)
        })
    }

    async fn reset_factors(
        &self,
        user: UserId,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<bool, StoreError> {
        transaction!(self, |txn| async {
            let id = || Value::from(user.as_uuid());
            if run(txn, RESET, [id()]).await?.is_empty() {
                return Ok(false);
            }
            let reason = EndReason::LogoutAll.as_str();
            run(txn, END_OF_USER, [id(), now.into(), reason.into()]).await?;
            for table in WITH_FACTORS {
                let sql = format!("DELETE FROM {table} WHERE user_id = $1");
                run(txn, &sql, [id()]).await?;
            }
            event::insert(txn, event, Some(user)).await?;
            order::insert(txn, mail, Some(user)).await?;
            Ok::<_, DbErr>(true)
        })
    }
}

/// Returns the number of factors of an active user, and keeps the user row locked until the
/// transaction ends.
pub(super) async fn held(txn: &Txn<'_>, user: UserId) -> Result<Option<u32>, DbErr> {
    let sql = if txn.is_postgres() { HOLD } else { READ };
    let rows = run(txn, sql, [user.as_uuid().into()]).await?;
    let count = rows.first().map(|row| column::<i32>(row, "second_factors"));
    count
        .transpose()?
        .map(|count| u32::try_from(count).map_err(|error| unreadable("second_factors", error)))
        .transpose()
}

/// Adds a pending factor to the user's [`held`] factors.
pub(super) async fn add(txn: &Txn<'_>, count: u32, new: &NewTotp) -> Result<AddTotp, DbErr> {
    match count {
        MAX_FACTORS.. => return Ok(AddTotp::TooMany),
        1.. if new.is_first => return Ok(AddTotp::Stale),
        _ => {}
    }
    let user = || Value::from(new.user_id.as_uuid());
    let others = i64::from(MAX_FACTORS) - 1;
    run(txn, TRIM, [user(), others.into()]).await?;
    let values = [
        new.id.as_uuid().into(),
        user(),
        new.name.clone().into(),
        new.sealed.clone().into(),
        new.created_at.into(),
        new.expires_at.into(),
        new.session_id.map(SessionId::as_uuid).into(),
    ];
    run(txn, ADD, values).await?;
    Ok(AddTotp::Added)
}

/// The data that confirms a pending factor.
pub(super) struct Confirmation<'a> {
    pub(super) user: UserId,
    pub(super) factor: FactorId,
    pub(super) step: i64,
    pub(super) codes: &'a [TokenDigest],
    pub(super) now: Timestamp,
}

/// Confirms a pending factor, which joins the user's [`held`] factors.
pub(super) async fn confirm(
    txn: &Txn<'_>,
    count: u32,
    confirmation: &Confirmation<'_>,
) -> Result<ConfirmedTotp, DbErr> {
    let user = confirmation.user;
    if count >= MAX_FACTORS {
        return Ok(ConfirmedTotp::TooMany);
    }
    let values = [
        confirmation.factor.as_uuid().into(),
        user.as_uuid().into(),
        confirmation.now.into(),
        confirmation.step.into(),
    ];
    if run(txn, CONFIRM, values).await?.is_empty() {
        return Ok(ConfirmedTotp::NotFound);
    }
    run(txn, COUNT, [user.as_uuid().into(), 1_i64.into()]).await?;
    let is_first = count == 0;
    if is_first {
        replace_codes(txn, user, confirmation.codes).await?;
        run(txn, TRIM, [user.as_uuid().into(), 0_i64.into()]).await?;
        let now = confirmation.now.into();
        run(txn, VOID_CHANGE, [user.as_uuid().into(), now]).await?;
    }
    Ok(ConfirmedTotp::Confirmed { is_first })
}

async fn confirm_in(
    txn: &Txn<'_>,
    new: &ConfirmTotp,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<ConfirmedTotp, DbErr> {
    let Some(count) = held(txn, new.user_id).await? else {
        return Ok(ConfirmedTotp::NotFound);
    };
    let user = || Value::from(new.user_id.as_uuid());
    let pending = [
        user(),
        new.factor_id.as_uuid().into(),
        new.now.into(),
        new.session_id.as_uuid().into(),
    ];
    if run(txn, PENDING_IN_SESSION, pending).await?.is_empty() {
        return Ok(ConfirmedTotp::NotFound);
    }
    let confirmation = Confirmation {
        user: new.user_id,
        factor: new.factor_id,
        step: new.step,
        codes: &new.codes,
        now: new.now,
    };
    let session = [new.session_id.as_uuid().into(), new.now.into(), user()];
    if run(txn, LIVE, session.clone()).await?.is_empty() {
        return Ok(ConfirmedTotp::NotFound);
    }
    let confirmed = confirm(txn, count, &confirmation).await?;
    if let ConfirmedTotp::Confirmed { .. } = confirmed {
        let strengthening = strengthening(new.session_id, new.user_id, None, new.now);
        run(txn, STRENGTHEN, strengthening).await?;
        event::insert(txn, event, Some(new.user_id)).await?;
        order::insert(txn, mail, Some(new.user_id)).await?;
    }
    Ok(confirmed)
}

async fn remove_in(
    txn: &Txn<'_>,
    session: SessionId,
    (user, id): (UserId, FactorId),
    is_required: bool,
    event: &Event,
    mail: Option<&Intent>,
) -> Result<RemoveFactor, DbErr> {
    let Some(count) = held(txn, user).await? else {
        return Ok(RemoveFactor::NotFound);
    };
    let owner = || Value::from(user.as_uuid());
    let values = || [id.as_uuid().into(), owner()];
    if run(txn, CONFIRMED, values()).await?.is_empty() {
        return Ok(RemoveFactor::NotFound);
    }
    if is_required && count <= 1 {
        return Ok(RemoveFactor::Required);
    }
    run(txn, REMOVE, values()).await?;
    run(txn, COUNT, [owner(), (-1_i64).into()]).await?;
    run(txn, WEAKEN, [owner(), session.as_uuid().into()]).await?;
    if count <= 1 {
        run(txn, FORGET_CODES, [owner()]).await?;
    }
    event::insert(txn, event, Some(user)).await?;
    order::insert(txn, mail, Some(user)).await?;
    Ok(RemoveFactor::Removed)
}

async fn replace_codes(txn: &Txn<'_>, user: UserId, codes: &[TokenDigest]) -> Result<(), DbErr> {
    run(txn, FORGET_CODES, [user.as_uuid().into()]).await?;
    for code in codes {
        run(txn, ADD_CODE, [user.as_uuid().into(), bytes(code)]).await?;
    }
    Ok(())
}

/// Whether the time step is unused. Every statement that uses a step writes or locks the user row,
/// which this transaction has locked.
async fn is_unused(txn: &Txn<'_>, user: UserId, spent: &SpentTotp) -> Result<bool, DbErr> {
    let values = [
        spent.id.as_uuid().into(),
        user.as_uuid().into(),
        spent.step.into(),
    ];
    Ok(!run(txn, UNUSED, values).await?.is_empty())
}

/// Marks a time step as used, and returns whether it was unused before.
pub(super) async fn use_step(
    txn: &Txn<'_>,
    user: UserId,
    spent: &SpentTotp,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let values = [
        spent.id.as_uuid().into(),
        user.as_uuid().into(),
        spent.step.into(),
        now.into(),
        spent.resealed.clone().into(),
    ];
    Ok(!run(txn, USE_STEP, values).await?.is_empty())
}

fn factors(rows: &[QueryResult]) -> Result<FactorList, DbErr> {
    let codes = rows.first().map(|row| column::<i64>(row, "recovery_codes"));
    let codes = codes.transpose()?.unwrap_or_default();
    Ok(FactorList {
        items: rows.iter().map(factor).collect::<Result<_, DbErr>>()?,
        recovery_codes_left: u32::try_from(codes)
            .map_err(|error| unreadable("recovery_codes", error))?,
    })
}

pub(super) fn factor(row: &QueryResult) -> Result<Factor, DbErr> {
    Ok(Factor {
        id: column::<Uuid>(row, "id")?.into(),
        kind: FactorKind::Totp,
        name: column(row, "name")?,
        created_at: column(row, "created_at")?,
        last_used_at: column(row, "last_used_at")?,
    })
}

fn totp(row: &QueryResult) -> Result<SealedTotp, DbErr> {
    Ok(SealedTotp {
        id: column::<Uuid>(row, "id")?.into(),
        sealed: column(row, "secret")?,
        last_step: column(row, "last_step")?,
    })
}

/// The values of `$1` to `$6` in [`STRENGTHEN`].
fn strengthening(
    session: SessionId,
    user: UserId,
    renewed: Option<&RenewedCookie>,
    now: Timestamp,
) -> [Value; 6] {
    let [presented, successor, until] = renewal_values(renewed);
    [
        session.as_uuid().into(),
        now.into(),
        user.as_uuid().into(),
        presented,
        successor,
        until,
    ]
}
