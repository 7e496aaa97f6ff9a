//! The account overview, in SQL.

use std::cmp::Reverse;

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult};

use super::{
    SeaOrmStore,
    conditions::{is_of_notice, is_proof, live_session, live_token},
    device::{device, is_remembered},
    error::{store_error, unreadable},
    factor::factor,
    identity::identity,
    pool::Database,
    row::{column, user, user_columns},
    session::session,
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    id::UserId,
    store::{AccountOverview, AccountStore, PendingEmail},
    user::EmailAddress,
};

/// One row for the user and for each item that belongs to the user. A column that does not apply to a kind of row is
/// null. On Postgres, the first part of the union determines the type of each column.
const OVERVIEW: &str = concat!(
    "SELECT ",
    user_columns!("u."),
    ", 'user' AS kind, CASE WHEN u.password_hash IS NULL THEN 0 ELSE 1 END AS has_password, \
        CAST(NULL AS text) AS user_agent, CAST(NULL AS text) AS ip, CAST(NULL AS timestamptz) AS rotated_at, \
        CAST(NULL AS timestamptz) AS idle_expires_at, CAST(NULL AS timestamptz) AS absolute_expires_at, \
        CAST(NULL AS timestamptz) AS last_used_at, CAST(NULL AS text) AS name, CAST(NULL AS text) AS provider, \
        CAST(NULL AS text) AS issuer, CAST(NULL AS text) AS subject \
    FROM auth_users u WHERE u.id = $1 \
    UNION ALL \
    SELECT s.id, NULL, NULL, NULL, NULL, NULL, NULL, s.created_at, NULL, NULL, NULL, 'session', NULL, s.user_agent, \
        s.ip, s.rotated_at, s.idle_expires_at, s.absolute_expires_at, NULL, NULL, NULL, NULL, NULL \
    FROM (\
        SELECT s.id, s.created_at, s.user_agent, s.ip, s.rotated_at, s.idle_expires_at, s.absolute_expires_at \
        FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id WHERE s.user_id = $1 AND ",
    live_session!(),
    "   ORDER BY s.created_at DESC, s.id DESC LIMIT 200\
    ) s \
    UNION ALL \
    SELECT d.id, NULL, NULL, NULL, NULL, NULL, NULL, d.created_at, NULL, NULL, NULL, 'device', NULL, d.user_agent, \
        NULL, NULL, NULL, NULL, d.last_used_at, NULL, NULL, NULL, NULL \
    FROM auth_devices d, auth_users u WHERE ",
    is_remembered!(),
    " UNION ALL \
    SELECT f.id, NULL, NULL, NULL, NULL, NULL, NULL, f.created_at, NULL, NULL, NULL, 'factor', NULL, NULL, NULL, NULL, \
        NULL, NULL, f.last_used_at, f.name, NULL, NULL, NULL \
    FROM auth_factors f WHERE f.user_id = $1 AND f.confirmed_at IS NOT NULL \
    UNION ALL \
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'recovery_code', NULL, NULL, NULL, NULL, \
        NULL, NULL, NULL, NULL, NULL, NULL, NULL \
    FROM auth_recovery_codes r WHERE r.user_id = $1 \
    UNION ALL \
    SELECT i.id, i.email, NULL, NULL, NULL, NULL, NULL, i.created_at, NULL, NULL, NULL, 'identity', NULL, NULL, NULL, \
        NULL, NULL, NULL, NULL, NULL, i.provider, i.issuer, i.subject \
    FROM (\
        SELECT i.id, i.created_at, i.provider, i.issuer, i.subject, i.email \
        FROM auth_identities i WHERE i.user_id = $1 ORDER BY i.id LIMIT 200\
    ) i \
    UNION ALL \
    SELECT NULL, t.payload->>'address', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'pending_email', NULL, \
        NULL, NULL, NULL, NULL, t.expires_at, NULL, NULL, NULL, NULL, NULL \
    FROM auth_one_time_tokens t JOIN auth_users u ON u.id = t.user_id \
    WHERE t.user_id = $1 AND t.purpose = 'confirm_email_change' AND t.expires_at > $2 AND ",
    live_token!(),
);

#[async_trait]
impl<D: Database> AccountStore for SeaOrmStore<D> {
    async fn account(&self, user: UserId, now: Timestamp) -> Result<AccountOverview, StoreError> {
        let rows = self
            .read(OVERVIEW, [user.as_uuid().into(), now.into()])
            .await?;
        overview(&rows).map_err(|error| store_error(&error))
    }
}

fn overview(rows: &[QueryResult]) -> Result<AccountOverview, DbErr> {
    let mut overview = AccountOverview::default();
    for row in rows {
        let kind: String = column(row, "kind")?;
        match kind.as_str() {
            "device" => overview.devices.push(device(row)?),
            "factor" => overview.factors.items.push(factor(row)?),
            "identity" => overview.identities.push(identity(row)?),
            "pending_email" => overview.pending_email = Some(pending_email(row)?),
            "recovery_code" => overview.factors.recovery_codes_left += 1,
            "session" => overview.sessions.push(session(row)?),
            "user" => {
                overview.has_password = column::<i32>(row, "has_password")? == 1;
                overview.user = Some(user(row)?);
            }
            other => return Err(unreadable("kind", other)),
        }
    }
    // A union has no order.
    let AccountOverview {
        devices,
        factors,
        identities,
        sessions,
        ..
    } = &mut overview;
    devices.sort_by_key(|device| Reverse((device.last_used_at, device.id)));
    factors
        .items
        .sort_by_key(|factor| (factor.created_at, factor.id));
    identities.sort_by_key(|identity| identity.id);
    sessions.sort_by_key(|session| Reverse((session.created_at, session.id)));
    Ok(overview)
}

fn pending_email(row: &QueryResult) -> Result<PendingEmail, DbErr> {
    let address = EmailAddress::from_stored(column(row, "email")?);
    Ok(PendingEmail {
        address: address.map_err(|error| unreadable("email", error))?,
        expires_at: column(row, "absolute_expires_at")?,
    })
}
