//! Browser sessions in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value};

use super::{
    SeaOrmStore,
    conditions::live_session,
    error::store_error,
    pool::Database,
    row::{bytes, column, session_user, user_columns},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    store::BrowserSessionStore,
    token::{BrowserUser, PresentedCookie, RenewedCookie, SessionId},
};

/// The authentication that the cookie `$4` represents: `authenticated_at`, `methods` and
/// `second_factor_at`. The previous cookie represents the authentication from before its replacement.
macro_rules! authentication_columns {
    () => {
        "CASE WHEN s.digest = $4 THEN COALESCE(s.authenticated_at, s.created_at) ELSE s.former_authenticated_at END \
            AS authenticated_at, \
        CASE WHEN s.digest = $4 THEN s.methods ELSE s.former_methods END AS methods, \
        CASE WHEN s.digest = $4 THEN s.second_factor_at ELSE s.former_second_factor_at END AS second_factor_at"
    };
}
pub(super) use authentication_columns;

/// Selects from the live browser session `$1` of the user `$3` with the cookie `$4`.
macro_rules! from_session_of_cookie {
    () => {
        concat!(
            " FROM auth_sessions s JOIN auth_users u ON u.id = s.user_id \
            WHERE s.id = $1 AND s.user_id = $3 AND s.kind = 'browser' \
                AND (s.digest = $4 OR (s.former_digest = $4 AND s.former_until > $2)) AND ",
            live_session!()
        )
    };
}
pub(super) use from_session_of_cookie;

const BROWSER_USER: &str = concat!(
    "SELECT ",
    user_columns!("u."),
    ", s.idle_expires_at, s.absolute_expires_at, ",
    authentication_columns!(),
    ", u.second_factors, (s.digest <> $4) AS is_former",
    from_session_of_cookie!()
);

const USE: &str = "\
    UPDATE auth_sessions SET idle_expires_at = $2, rotated_at = $3 \
    WHERE id = $1 AND revoked_at IS NULL AND idle_expires_at < $2 AND idle_expires_at > $3 \
        AND absolute_expires_at > $3";

/// Makes the presented cookie the previous one, if it is the current one.
macro_rules! renewing {
    ($presented:literal, $successor:literal, $until:literal) => {
        concat!(
            "former_methods = CASE WHEN s.digest = ",
            $presented,
            " THEN s.methods ELSE s.former_methods END, \
            former_authenticated_at = CASE WHEN s.digest = ",
            $presented,
            " THEN COALESCE(s.authenticated_at, s.created_at) ELSE s.former_authenticated_at END, \
            former_second_factor_at = CASE WHEN s.digest = ",
            $presented,
            " THEN s.second_factor_at ELSE s.former_second_factor_at END, \
            former_until = CASE WHEN s.digest = ",
            $presented,
            " THEN ",
            $until,
            " ELSE s.former_until END, \
            former_digest = CASE WHEN s.digest = ",
            $presented,
            " THEN s.digest ELSE s.former_digest END, \
            generation = CASE WHEN s.digest = ",
            $presented,
            " THEN s.generation + 1 ELSE s.generation END, digest = COALESCE(",
            $successor,
            ", s.digest)"
        )
    };
}
pub(super) use renewing;

/// The condition that the presented cookie, if any, is the current one.
macro_rules! is_current {
    ($presented:literal) => {
        concat!("(", $presented, " IS NULL OR s.digest = ", $presented, ")")
    };
}
pub(super) use is_current;

/// The condition that the presented cookie, if any, is the current one, or the previous cookie with the same successor.
/// The successor must not prove more than the presented cookie and a password, so it has no newer second factor.
macro_rules! may_renew {
    ($presented:literal, $successor:literal) => {
        concat!(
            "(",
            $presented,
            " IS NULL OR s.digest = ",
            $presented,
            " OR (s.digest = ",
            $successor,
            " AND s.former_digest = ",
            $presented,
            " AND s.former_until > $2 AND s.second_factor_at IS NOT DISTINCT FROM s.former_second_factor_at))"
        )
    };
}
pub(super) use may_renew;

#[async_trait]
impl<D: Database> BrowserSessionStore for SeaOrmStore<D> {
    async fn browser_user(
        &self,
        cookie: &PresentedCookie,
        now: Timestamp,
    ) -> Result<Option<BrowserUser>, StoreError> {
        let rows = self.read(BROWSER_USER, cookie_values(cookie, now)).await?;
        rows.first()
            .map(browser_user)
            .transpose()
            .map_err(|error| store_error(&error))
    }

    async fn use_browser_session(
        &self,
        id: SessionId,
        idle_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values = [id.as_uuid().into(), idle_expires_at.into(), now.into()];
        self.write(USE, values).await.map(drop)
    }
}

/// The values of `$1` to `$4` in a statement about a cookie's session.
pub(super) fn cookie_values(cookie: &PresentedCookie, now: Timestamp) -> [Value; 4] {
    [
        cookie.session_id.as_uuid().into(),
        now.into(),
        cookie.user_id.as_uuid().into(),
        bytes(&cookie.digest),
    ]
}

fn browser_user(row: &QueryResult) -> Result<BrowserUser, DbErr> {
    Ok(BrowserUser {
        session: session_user(row)?,
        is_former: column(row, "is_former")?,
    })
}

/// The digests of the presented cookie and of its successor, and the end of the presented cookie.
pub(super) fn renewal_values(renewed: Option<&RenewedCookie>) -> [Value; 3] {
    let digest = |digest: Option<[u8; 32]>| Value::from(digest.map(|bytes| bytes.to_vec()));
    [
        digest(renewed.map(|renewed| *renewed.presented.as_bytes())),
        digest(renewed.map(|renewed| *renewed.successor.as_bytes())),
        renewed.map(|renewed| renewed.former_until).into(),
    ]
}
