//! Converts columns to values, and values to the types of the store traits.

use sea_orm::{ColIdx, DbErr, QueryResult, TryGetable, prelude::Uuid};
use serde_json::{Map, Value};

use super::error::unreadable;
use crate::{
    clock::Timestamp,
    secret::{PasswordHash, TokenDigest},
    token::{Methods, SessionUser},
    user::{Credentials, EmailAddress, Locale, Roles, User},
};

/// The columns that [`user`] reads: all except the credentials. The function reads the columns by position, so that it
/// need not look up each name in every row. These columns must be the first columns of a row, in this order.
macro_rules! user_columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "id, ",
            $prefix,
            "email, ",
            $prefix,
            "email_verified_at, ",
            $prefix,
            "roles, ",
            $prefix,
            "status, ",
            $prefix,
            "display_name, ",
            $prefix,
            "metadata, ",
            $prefix,
            "created_at, ",
            $prefix,
            "updated_at, ",
            $prefix,
            "last_login_at, ",
            $prefix,
            "locale"
        )
    };
}
pub(super) use user_columns;

pub(super) fn user(row: &QueryResult) -> Result<User, DbErr> {
    let email = EmailAddress::from_stored(column(row, 1)?);
    Ok(User {
        id: column::<Uuid>(row, 0)?.into(),
        email: email.map_err(|error| unreadable("email", error))?,
        email_verified_at: column(row, 2)?,
        roles: read_as("roles", &column::<String>(row, 3)?)?,
        status: read_as("status", &column::<String>(row, 4)?)?,
        display_name: column(row, 5)?,
        metadata: object("metadata", column(row, 6)?)?,
        created_at: column(row, 7)?,
        updated_at: column(row, 8)?,
        last_login_at: column(row, 9)?,
        locale: locale(column(row, 10)?),
    })
}

/// The columns of a session `s` and its user `u` that [`session_user`] reads in addition to the user's.
macro_rules! session_columns {
    () => {
        "s.idle_expires_at, s.absolute_expires_at, \
        COALESCE(s.authenticated_at, s.created_at) AS authenticated_at, s.methods, s.second_factor_at, \
        u.second_factors"
    };
}
pub(super) use session_columns;

pub(super) fn session_user(row: &QueryResult) -> Result<SessionUser, DbErr> {
    Ok(SessionUser {
        user: user(row)?,
        idle_expires_at: column::<Timestamp>(row, "idle_expires_at")?,
        absolute_expires_at: column::<Timestamp>(row, "absolute_expires_at")?,
        authenticated_at: column::<Timestamp>(row, "authenticated_at")?,
        methods: methods(row)?,
        second_factor_at: column(row, "second_factor_at")?,
        has_second_factor: column::<i32>(row, "second_factors")? > 0,
    })
}

/// The column `methods`, which is null in a session that an older version opened.
pub(super) fn methods(row: &QueryResult) -> Result<Methods, DbErr> {
    let stored: Option<String> = column(row, "methods")?;
    Ok(Methods::from_stored(&stored.unwrap_or_default()))
}

/// The columns of a user `u` that [`credentials`] reads in addition to the user's.
macro_rules! credential_columns {
    () => {
        "u.password_hash, u.credential_version, u.factor_version, u.second_factors"
    };
}
pub(super) use credential_columns;

pub(super) fn credentials(row: &QueryResult) -> Result<Credentials, DbErr> {
    let hash: Option<String> = column(row, "password_hash")?;
    let factors: i32 = column(row, "second_factors")?;
    Ok(Credentials {
        user: user(row)?,
        password_hash: hash.map(PasswordHash::trusted),
        credential_version: column(row, "credential_version")?,
        factor_version: column(row, "factor_version")?,
        second_factors: u32::try_from(factors)
            .map_err(|error| unreadable("second_factors", error))?,
    })
}

/// A language that this version cannot read counts as absent.
fn locale(text: Option<String>) -> Option<Locale> {
    text.and_then(|text| text.parse().ok())
}

/// The hash that was verified, and the hash that replaces it, as values of a statement. Without a
/// verified password, there is nothing to rehash.
pub(super) fn hash_values(
    verified: Option<&PasswordHash>,
    rehashed: Option<&PasswordHash>,
) -> [sea_orm::Value; 2] {
    [verified, verified.and(rehashed)].map(|hash| hash.map(|hash| hash.expose().to_owned()).into())
}

/// Reads a column by its name or position.
pub(super) fn column<T: TryGetable>(row: &QueryResult, at: impl ColIdx) -> Result<T, DbErr> {
    row.try_get_by(at)
}

pub(super) fn digest(row: &QueryResult) -> Result<TokenDigest, DbErr> {
    let bytes: Vec<u8> = column(row, "digest")?;
    TokenDigest::try_from(bytes.as_slice()).map_err(|error| unreadable("digest", error))
}

/// Reads a text column, and parses its value.
pub(super) fn parsed<T>(row: &QueryResult, name: &str) -> Result<T, DbErr>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    read_as(name, &column::<String>(row, name)?)
}

fn read_as<T>(name: &str, text: &str) -> Result<T, DbErr>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(|error| unreadable(name, error))
}

/// The roles as they are stored, with a space around every name, so that a literal search for ` name ` matches whole
/// names only.
pub(super) fn roles_text(roles: &Roles) -> String {
    format!(" {roles} ")
}

pub(super) fn object(name: &str, json: Value) -> Result<Map<String, Value>, DbErr> {
    match json {
        Value::Object(object) => Ok(object),
        _ => Err(unreadable(name, "not a JSON object")),
    }
}

/// Converts a digest to a statement parameter.
pub(super) fn bytes(digest: &TokenDigest) -> sea_orm::Value {
    digest.as_bytes().to_vec().into()
}
