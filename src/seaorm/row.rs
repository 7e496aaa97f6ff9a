//! Reading rows: columns to values, and values to what the store traits speak of.

use sea_orm::{DbErr, QueryResult, TryGetable, prelude::Uuid};
use serde_json::{Map, Value};

use super::error::unreadable;
use crate::{
    clock::Timestamp,
    secret::TokenDigest,
    token::SessionUser,
    user::{Roles, User},
};

/// The columns that [`user`] reads: all but the credentials.
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
            "last_login_at"
        )
    };
}
pub(super) use user_columns;

pub(super) fn user(row: &QueryResult) -> Result<User, DbErr> {
    Ok(User {
        id: column::<Uuid>(row, "id")?.into(),
        email: parsed(row, "email")?,
        email_verified_at: column(row, "email_verified_at")?,
        roles: parsed(row, "roles")?,
        status: parsed(row, "status")?,
        display_name: column(row, "display_name")?,
        metadata: object(row, "metadata")?,
        created_at: column(row, "created_at")?,
        updated_at: column(row, "updated_at")?,
        last_login_at: column(row, "last_login_at")?,
    })
}

/// A user, and the session's ends beside it.
pub(super) fn session_user(row: &QueryResult) -> Result<SessionUser, DbErr> {
    Ok(SessionUser {
        user: user(row)?,
        idle_expires_at: column::<Timestamp>(row, "idle_expires_at")?,
        absolute_expires_at: column::<Timestamp>(row, "absolute_expires_at")?,
    })
}

pub(super) fn column<T: TryGetable>(row: &QueryResult, name: &str) -> Result<T, DbErr> {
    row.try_get_by(name)
}

pub(super) fn digest(row: &QueryResult) -> Result<TokenDigest, DbErr> {
    let bytes: Vec<u8> = column(row, "digest")?;
    let digest = TokenDigest::try_from(bytes.as_slice());
    digest.map_err(|error| unreadable("digest", error))
}

/// A column of text that is read as something.
pub(super) fn parsed<T>(row: &QueryResult, name: &str) -> Result<T, DbErr>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text: String = column(row, name)?;
    text.parse().map_err(|error| unreadable(name, error))
}

/// The roles as they are stored: a space around every name, so that one name is a literal search for ` name `.
pub(super) fn roles_text(roles: &Roles) -> String {
    format!(" {roles} ")
}

pub(super) fn object(row: &QueryResult, name: &str) -> Result<Map<String, Value>, DbErr> {
    match column(row, name)? {
        Value::Object(object) => Ok(object),
        _ => Err(unreadable(name, "not a JSON object")),
    }
}
