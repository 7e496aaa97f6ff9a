//! Spends the token in a notice, which lets an owner end every session of the account, in SQL.

use sea_orm::{DbErr, Value};

use super::{
    conditions::is_of_notice,
    ended::END_OF_USER,
    event,
    one_time_token::{USER_OF, USER_OF_LOCKED},
    order,
    row::{bytes, column, user},
    transaction::{Txn, run},
};
use crate::{
    event::Event,
    mail::Intent,
    token::{EndReason, Purpose, SecureAccount, SecuredAccount},
};

const SPEND: &str = "\
    UPDATE auth_one_time_tokens SET used_at = $2 WHERE digest = $1 AND used_at IS NULL AND expires_at > $2 \
    RETURNING payload->>'address' AS address, payload->>'letter' AS letter";

const SPEND_OTHERS: &str = concat!(
    "UPDATE auth_one_time_tokens SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL AND ",
    is_of_notice!("purpose"),
    " AND payload->>'address' = $3"
);

const RAISE_VERSION: &str =
    "UPDATE auth_users SET credential_version = credential_version + 1 WHERE id = $1";

const MAKE_USELESS: &str = "UPDATE auth_users SET password_hash = $2, updated_at = $3 WHERE id = $1 AND password_hash IS NOT NULL";

/// Spends the token in a notice inside a transaction.
pub(super) async fn secure(
    txn: &Txn<'_>,
    secure: &SecureAccount,
    event: &Event,
    reset: &Intent,
) -> Result<Option<SecuredAccount>, DbErr> {
    let now = || Value::from(secure.now);
    let find = if txn.is_postgres() {
        USER_OF_LOCKED
    } else {
        USER_OF
    };
    let purpose = Purpose::SecureAccount.as_str().into();
    let rows = run(txn, find, [bytes(&secure.digest), purpose, now()]).await?;
    let Some(owner) = rows.first().map(user).transpose()? else {
        return Ok(None);
    };
    // Another call may have spent the token while this one waited for the user row.
    let rows = run(txn, SPEND, [bytes(&secure.digest), now()]).await?;
    let Some(token) = rows.first() else {
        return Ok(None);
    };
    let id = || Value::from(owner.id.as_uuid());
    let address: String = column(token, "address")?;
    let secured = SecuredAccount {
        user_id: owner.id,
        letter: column(token, "letter")?,
        is_reset_mailed: address == owner.email.as_str(),
    };
    run(txn, RAISE_VERSION, [id()]).await?;
    if secured.is_reset_mailed {
        let hash = secure.useless_hash.expose().into();
        run(txn, MAKE_USELESS, [id(), hash, now()]).await?;
    }
    let reason = EndReason::AccountSecured.as_str().into();
    run(txn, END_OF_USER, [id(), now(), reason]).await?;
    run(txn, SPEND_OTHERS, [id(), now(), address.into()]).await?;
    event::insert(txn, &secured.noted_on(event), Some(owner.id)).await?;
    if secured.is_reset_mailed {
        // The version is already incremented, so the link in this email works.
        order::insert(txn, [reset], Some(owner.id)).await?;
    }
    Ok(Some(secured))
}
