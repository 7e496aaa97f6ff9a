//! Emails that are written together with the change that they report.

use sea_orm::{DbErr, Value};
use serde_json::json;

use super::transaction::{Txn, run};
use crate::{
    mail::Intent,
    outbox::holds_from,
    user::{EmailAddress, UserId},
};

/// On Postgres, writes the emails in parameter `$parameter` (see [`intents`]) within the statement of the change, once
/// for each row of `from`. An email that names neither a user nor an address goes to `$user`. The emails are queued for
/// the account as it was before the statement or, if `new` is given, for the account in the columns `$ordered`.
macro_rules! order {
    ($parameter:literal, $user:literal $(, from $from:literal)? $(, if $condition:literal)?) => {
        order!(
            @ $parameter,
            order!(recipient $user),
            "o.id, o.email, o.credential_version",
            concat!(
                $(" CROSS JOIN ", $from,)?
                " LEFT JOIN auth_users o ON o.id = ", order!(recipient $user)
                $(, " WHERE ", $condition)?
            )
        )
    };
    ($parameter:literal, new $user:literal, $ordered:literal, from $from:literal) => {
        order!(
            @ $parameter,
            order!(recipient $user),
            $ordered,
            concat!(" CROSS JOIN ", $from)
        )
    };
    // The user that the email names or, if the email names neither a user nor an address, the user
    // whom the change affects.
    (recipient $user:literal) => {
        concat!("CASE WHEN m.address IS NULL THEN COALESCE(m.user_id, ", $user, ") ELSE m.user_id END")
    };
    (@ $parameter:literal, $user:expr, $ordered:literal, $rest:expr) => {
        concat!(
            "INSERT INTO auth_outbox (id, letter, user_id, address, payload, created_at, not_after, due_at, \
                holds_from, ordered_at, ordered_user_id, ordered_address, ordered_version, state, attempts, admitted) \
            SELECT m.id, m.letter, ",
            $user,
            ", m.address, m.payload, m.created_at, m.not_after, m.created_at, m.holds_from, m.created_at, ",
            $ordered,
            ", 'pending', 0, FALSE FROM jsonb_to_recordset(",
            $parameter,
            "::jsonb) AS m(id uuid, letter text, user_id uuid, address text, payload jsonb, created_at timestamptz, \
                not_after timestamptz, holds_from timestamptz)",
            $rest
        )
    };
}
pub(super) use order;

/// Queues the emails for the account as it is in this transaction.
const INSERT: &str = "\
    INSERT INTO auth_outbox (id, letter, user_id, address, payload, created_at, not_after, due_at, holds_from, \
        ordered_at, ordered_user_id, ordered_address, ordered_version, state, attempts, admitted) \
    SELECT $1, $2, $3, $4, $5, $6, $7, $6, $8, $6, o.id, o.email, o.credential_version, 'pending', 0, FALSE \
    FROM (SELECT 1 AS one) m LEFT JOIN auth_users o ON o.id = $3";

/// The value of `$parameter` in [`order!`].
pub(super) fn intents<'a>(intents: impl IntoIterator<Item = &'a Intent>) -> Value {
    let records = intents.into_iter().map(|intent| {
        let (user, address) = intent.recipient.to_columns();
        json!({
            "id": intent.id,
            "letter": intent.letter.as_str(),
            "user_id": user,
            "address": address.map(EmailAddress::as_str),
            "payload": intent.payload,
            "created_at": intent.created_at,
            "not_after": intent.not_after,
            "holds_from": holds_from(intent.created_at),
        })
    });
    serde_json::Value::Array(records.collect()).into()
}

/// Writes the emails about a change that affects this user, in the transaction of the change.
pub(super) async fn insert<'a>(
    txn: &Txn<'_>,
    intents: impl IntoIterator<Item = &'a Intent>,
    user: Option<UserId>,
) -> Result<(), DbErr> {
    for intent in intents {
        let Some(recipient) = intent.recipient.of(user) else {
            continue;
        };
        let (user, address) = recipient.to_columns();
        let values: [Value; 8] = [
            intent.id.as_uuid().into(),
            intent.letter.as_str().into(),
            user.map(UserId::as_uuid).into(),
            address.map(|address| address.as_str().to_owned()).into(),
            serde_json::Value::Object(intent.payload.clone()).into(),
            intent.created_at.into(),
            intent.not_after.into(),
            holds_from(intent.created_at).into(),
        ];
        run(txn, INSERT, values).await?;
    }
    Ok(())
}
