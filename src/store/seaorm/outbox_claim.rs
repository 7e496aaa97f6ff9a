//! Reads the emails that a claim has leased.

use sea_orm::{DbErr, QueryResult, prelude::Uuid};

use super::{
    error::unreadable,
    row::{column, object, parsed},
};
use crate::{
    clock::Timestamp,
    mail::{ClaimedIntent, Claims, Intent, Ordered, Recipient, UnreadableIntent},
    user::{EmailAddress, UserId},
};

/// A row that this version cannot read, such as a letter from a newer version, must not delay the
/// other emails.
pub(super) fn claims(rows: &[QueryResult]) -> Claims {
    let (mut claimed, mut unreadable) = (Vec::new(), Vec::new());
    for row in rows {
        match self::claimed(row) {
            Ok(one) => claimed.push(one),
            Err(error) => match unread(row, &error) {
                Ok(one) => unreadable.push(one),
                Err(error) => tracing::error!(%error, "an email in the outbox has no identifier"),
            },
        }
    }
    claimed.sort_by_key(|(was_due_at, claimed)| (*was_due_at, claimed.intent.id));
    Claims {
        intents: claimed.into_iter().map(|(_, claimed)| claimed).collect(),
        unreadable,
    }
}

/// Reads the intent and the time at which it was due.
fn claimed(row: &QueryResult) -> Result<(Timestamp, ClaimedIntent), DbErr> {
    let intent = intent(row)?;
    let ordered_at: Option<Timestamp> = column(row, "ordered_at")?;
    let claimed = ClaimedIntent {
        ordered: ordered(row)?,
        ordered_at: ordered_at.unwrap_or(intent.created_at),
        attempt: column(row, "attempts")?,
        admitted: column(row, "admitted")?,
        last_error: column(row, "last_error")?,
        intent,
    };
    Ok((column(row, "was_due_at")?, claimed))
}

fn intent(row: &QueryResult) -> Result<Intent, DbErr> {
    let user = column::<Option<Uuid>>(row, "user_id")?.map(UserId::from);
    let recipient = Recipient::from_columns(user, address(row, "address")?);
    Ok(Intent {
        id: column::<Uuid>(row, "id")?.into(),
        letter: parsed(row, "letter")?,
        recipient: recipient.ok_or_else(|| unreadable("user_id", "neither user nor address"))?,
        payload: object("payload", column(row, "payload")?)?,
        created_at: column(row, "created_at")?,
        not_after: column(row, "not_after")?,
    })
}

fn ordered(row: &QueryResult) -> Result<Option<Ordered>, DbErr> {
    let user = column::<Option<Uuid>>(row, "ordered_user_id")?;
    let version = column::<Option<i64>>(row, "ordered_version")?;
    let address = address(row, "ordered_address")?;
    Ok(user
        .zip(address)
        .zip(version)
        .map(|((user, address), credential_version)| Ordered {
            user_id: user.into(),
            address,
            credential_version,
        }))
}

fn address(row: &QueryResult, name: &str) -> Result<Option<EmailAddress>, DbErr> {
    column::<Option<String>>(row, name)?
        .map(EmailAddress::from_stored)
        .transpose()
        .map_err(|error| unreadable(name, error))
}

/// Reads the readable columns of an email. An email whose age cannot be read counts as old.
fn unread(row: &QueryResult, error: &DbErr) -> Result<UnreadableIntent, DbErr> {
    Ok(UnreadableIntent {
        id: column::<Uuid>(row, "id")?.into(),
        attempt: column(row, "attempts")?,
        created_at: column(row, "created_at").unwrap_or(Timestamp::UNIX_EPOCH),
        error: error.to_string(),
    })
}
