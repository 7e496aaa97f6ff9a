//! One-time tokens, in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};
use serde_json::json;

use super::{
    SeaOrmStore,
    conditions::{is_of_notice, is_proof, live_token},
    error::{store_error, unreadable},
    event::{self, events, record},
    limiter::{self, cleared_counter},
    pool::Database,
    row::{bytes, column, digest, user, user_columns},
    transaction::{run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    secret::TokenDigest,
    store::OneTimeTokenStore,
    token::{
        IssueOneTime, NewOneTimeToken, OneTimeStatus, Purpose, SECURE_TOKENS_PER_ADDRESS,
        SECURE_TOKENS_PER_USER,
    },
    user::{EmailAddress, User, UserId},
};

/// A newer token replaces an older one.
macro_rules! replace {
    () => {
        "ON CONFLICT (user_id, purpose) DO UPDATE SET digest = excluded.digest, \
            credential_version = excluded.credential_version, created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL, \
            payload = excluded.payload \
        WHERE t.created_at < excluded.created_at AND t.digest <> excluded.digest"
    };
}
pub(super) use replace;

/// Issues a token only if the account is still as it was when the email was requested. On Postgres
/// the user row is locked, so that the statement waits for a concurrent change, and then sees the
/// new address and the new version.
macro_rules! issue {
    ($lock:literal) => {
        concat!(
            "INSERT INTO auth_one_time_tokens AS t (user_id, purpose, digest, credential_version, created_at, \
                expires_at, payload) \
            SELECT u.id, $2, $3, u.credential_version, $4, $5, $6 FROM auth_users u \
            WHERE u.id = $1 AND u.status = 'active' AND u.email = $8 AND (",
            is_proof!("$2"),
            " OR u.credential_version = $7) \
                AND NOT EXISTS (SELECT 1 FROM auth_one_time_tokens o WHERE o.digest = $3) ",
            $lock,
            " ",
            replace!(),
            " RETURNING digest"
        )
    };
}

const ISSUE: &str = issue!("");
const ISSUE_LOCKED: &str = issue!("FOR SHARE OF u");

/// Issues a token for the address that the notice is sent to, whatever the user's address and credentials are by now.
/// On Postgres, the user row is locked, so that no concurrent call exceeds the maximum.
macro_rules! issue_of_notice {
    ($lock:literal) => {
        concat!(
            "INSERT INTO auth_one_time_tokens AS t (user_id, purpose, digest, credential_version, created_at, \
                expires_at, payload) \
            SELECT u.id, $2, $3, u.credential_version, $4, $5, $6 FROM auth_users u \
            WHERE u.id = $1 AND u.status = 'active' \
                AND NOT EXISTS (SELECT 1 FROM auth_one_time_tokens o WHERE o.digest = $3) ",
            $lock,
            " ",
            replace!(),
            " RETURNING digest"
        )
    };
}

const ISSUE_OF_NOTICE: &str = issue_of_notice!("");
const ISSUE_OF_NOTICE_LOCKED: &str = issue_of_notice!("FOR UPDATE OF u");

/// Deletes the tokens of a user's notices after the first `$3` in this order.
macro_rules! delete_beyond {
    ($condition:literal, $order:literal) => {
        concat!(
            "DELETE FROM auth_one_time_tokens WHERE user_id = $1 AND purpose IN (\
                SELECT purpose FROM auth_one_time_tokens WHERE user_id = $1 AND ",
            is_of_notice!("purpose"),
            $condition,
            " ORDER BY ",
            $order,
            " LIMIT 1000 OFFSET $3)"
        )
    };
}

const DELETE_OLDEST: &str = delete_beyond!(
    " AND payload->>'address' = $2",
    "created_at DESC, purpose DESC"
);

const DELETE_NEWEST_OF_OTHERS: &str = delete_beyond!(
    "",
    "CASE WHEN payload->>'address' = $2 THEN 0 ELSE 1 END, created_at, purpose"
);

/// Renews the token of an address change if no newer request has replaced it. If the request was voided, no row
/// matches, and this statement adds no row.
const RENEW: &str = concat!(
    "UPDATE auth_one_time_tokens AS t SET digest = $3, created_at = $4, expires_at = $5, payload = $6 \
    FROM auth_users u WHERE t.user_id = $1 AND t.purpose = $2 AND u.id = t.user_id AND t.created_at < $4 \
        AND t.payload->>'address' = $8 AND t.credential_version = $7 AND ",
    live_token!(),
    " RETURNING digest"
);

const LIVE: &str = concat!(
    "SELECT t.digest, t.created_at, t.payload->>'intent' AS intent FROM auth_one_time_tokens t JOIN auth_users u ON u.id = t.user_id \
    WHERE t.user_id = $1 AND (t.purpose = $2 OR ",
    is_proof!("$2"),
    " AND ",
    is_proof!("t.purpose"),
    ") AND ",
    live_token!()
);

macro_rules! user_of {
    ($lock:literal) => {
        concat!(
            "SELECT ",
            user_columns!("u."),
            " FROM auth_one_time_tokens t JOIN auth_users u ON u.id = t.user_id \
            WHERE t.digest = $1 AND (t.purpose = $2 OR t.purpose LIKE $2 || '/%') AND t.expires_at > $3 AND ",
            live_token!(),
            $lock
        )
    };
}

pub(super) const USER_OF: &str = user_of!("");
pub(super) const USER_OF_LOCKED: &str = user_of!(" FOR UPDATE OF u");

/// Selects the row of a token that is live or was itself spent; see [`USE_ALL_PROOFS`] for tokens
/// that another token made void.
const STATUS: &str = concat!(
    "SELECT t.payload->>'address' AS address, t.used_at IS NULL AS is_live \
    FROM auth_one_time_tokens t JOIN auth_users u ON u.id = t.user_id \
    WHERE t.digest = $1 AND (t.purpose = $2 OR t.purpose LIKE $2 || '/%') AND t.expires_at > $3 AND ((",
    live_token!(),
    ") OR (t.used_at IS NOT NULL AND (",
    is_of_notice!("t.purpose"),
    " OR u.email = t.payload->>'address')))"
);

/// Locks the user row first, so that the statement waits for a concurrent reset and then sees its
/// changes.
macro_rules! use_one {
    ($user:literal) => {
        concat!(
            "UPDATE auth_one_time_tokens AS t SET used_at = $2 FROM ",
            $user,
            " WHERE t.digest = $1 AND t.purpose = 'unlock' AND t.expires_at > $2 AND t.user_id = u.id AND ",
            live_token!(),
            " RETURNING user_id AS id"
        )
    };
}

const UNLOCK: &str = concat!(
    "WITH held AS MATERIALIZED (\
        SELECT u.id, u.email, u.status, u.credential_version FROM auth_users u JOIN auth_one_time_tokens t ON t.user_id = u.id \
        WHERE t.digest = $1 FOR UPDATE OF u\
    ), used AS (",
    use_one!("held u"),
    "), cleared AS (\
        DELETE FROM auth_limits l USING used WHERE l.key = $4\
    ), recorded AS (",
    record!("$3", "used.id", "used"),
    ") SELECT id FROM used"
);

const UNLOCK_TOKEN: &str = use_one!("auth_users u");

pub(super) const USE: &str = "UPDATE auth_one_time_tokens SET used_at = $2 WHERE digest = $1";

#[async_trait]
impl<D: Database> OneTimeTokenStore for SeaOrmStore<D> {
    async fn issue_one_time(&self, token: &NewOneTimeToken) -> Result<IssueOneTime, StoreError> {
        let Some(first) = token.digests.first() else {
            return Ok(IssueOneTime::Dead);
        };
        let purpose = row_purpose(token);
        let values = [
            token.user_id.as_uuid().into(),
            purpose.as_str().into(),
            bytes(first),
            token.created_at.into(),
            token.expires_at.into(),
            payload(token),
            token.credential_version.into(),
            token.address.as_str().into(),
        ];
        let rows = match token.purpose {
            Purpose::ConfirmEmailChange => self.write(RENEW, values).await?,
            Purpose::SecureAccount => {
                let [user, purpose, digest, created_at, expires_at, payload, ..] = values;
                let values = [user, purpose, digest, created_at, expires_at, payload];
                issue_of_notice(self, token, values).await?
            }
            _ if self.is_postgres() => self.write(ISSUE_LOCKED, values).await?,
            _ => self.write(ISSUE, values).await?,
        };
        if !rows.is_empty() {
            return Ok(IssueOneTime::Live(*first));
        }
        let values = [token.user_id.as_uuid().into(), purpose.into()];
        let rows = self.read(LIVE, values).await?;
        live_one(&rows, token).map_err(|error| store_error(&error))
    }

    async fn one_time_user(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let values = [bytes(digest), purpose.as_str().into(), now.into()];
        let rows = self.read(USER_OF, values).await?;
        rows.first()
            .map(user)
            .transpose()
            .map_err(|error| store_error(&error))
    }

    async fn one_time_status(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<OneTimeStatus, StoreError> {
        let values = [bytes(digest), purpose.as_str().into(), now.into()];
        let rows = self.read(STATUS, values).await?;
        let found = rows
            .first()
            .map(shown)
            .transpose()
            .map_err(|error| store_error(&error))?;
        Ok(found.unwrap_or(OneTimeStatus::Dead))
    }

    async fn unlock(
        &self,
        digest: &TokenDigest,
        key: Option<LimitKey>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        if self.is_postgres() {
            let values = [
                bytes(digest),
                now.into(),
                events([event]),
                cleared_counter(key),
            ];
            let rows = self.write(UNLOCK, values).await?;
            return owner(&rows).map_err(|error| store_error(&error));
        }
        transaction!(self, |txn| async {
            let values = [bytes(digest), now.into()];
            let user = owner(&run(txn, UNLOCK_TOKEN, values).await?)?;
            if user.is_some() {
                limiter::clear(txn, key).await?;
                event::insert(txn, event, user).await?;
            }
            Ok::<_, DbErr>(user)
        })
    }
}

/// Issues the token for a notice, and deletes tokens beyond the maximum.
async fn issue_of_notice<D: Database>(
    store: &SeaOrmStore<D>,
    token: &NewOneTimeToken,
    values: [Value; 6],
) -> Result<Vec<QueryResult>, StoreError> {
    let sql = if store.is_postgres() {
        ISSUE_OF_NOTICE_LOCKED
    } else {
        ISSUE_OF_NOTICE
    };
    transaction!(store, |txn| async {
        let rows = run(txn, sql, values.clone()).await?;
        if !rows.is_empty() {
            for (sql, most) in [
                (DELETE_OLDEST, SECURE_TOKENS_PER_ADDRESS),
                (DELETE_NEWEST_OF_OTHERS, SECURE_TOKENS_PER_USER),
            ] {
                let values = [
                    token.user_id.as_uuid().into(),
                    token.address.as_str().into(),
                    i64::from(most).into(),
                ];
                run(txn, sql, values).await?;
            }
        }
        Ok::<_, DbErr>(rows)
    })
}

/// The purpose as it is stored in the row of this token.
fn row_purpose(token: &NewOneTimeToken) -> String {
    let purpose = token.purpose.as_str();
    match token.purpose {
        Purpose::SecureAccount | Purpose::VerifyEmail => format!("{purpose}/{}", token.intent),
        _ => purpose.to_owned(),
    }
}

/// Finds the live token among the tokens that an email may carry.
fn live_one(rows: &[QueryResult], token: &NewOneTimeToken) -> Result<IssueOneTime, DbErr> {
    let mut found = IssueOneTime::Dead;
    for row in rows {
        match issued(row, token)? {
            IssueOneTime::Dead => {}
            IssueOneTime::Elsewhere => found = IssueOneTime::Elsewhere,
            live @ IssueOneTime::Live(_) => return Ok(live),
        }
    }
    Ok(found)
}

/// How the live token in a row relates to an email that needs a token.
fn issued(row: &QueryResult, token: &NewOneTimeToken) -> Result<IssueOneTime, DbErr> {
    let live = digest(row)?;
    if token.digests.contains(&live) {
        return Ok(IssueOneTime::Live(live));
    }
    let is_ours = match column::<Option<String>>(row, "intent")? {
        Some(intent) => intent == token.intent.to_string(),
        // An older version wrote this row.
        None => column::<Timestamp>(row, "created_at")? == token.created_at,
    };
    Ok(if is_ours {
        IssueOneTime::Elsewhere
    } else {
        IssueOneTime::Dead
    })
}

/// The data stored with a token: the address that it is mailed to, as given and in canonical form, and the email's id
/// and letter.
pub(super) fn payload(token: &NewOneTimeToken) -> Value {
    let NewOneTimeToken {
        address,
        intent,
        letter,
        ..
    } = token;
    json!({
        "address": address.as_str(),
        "canonical": address.canonical(),
        "intent": intent,
        "letter": letter.as_str(),
    })
    .into()
}

fn shown(row: &QueryResult) -> Result<OneTimeStatus, DbErr> {
    if !column::<bool>(row, "is_live")? {
        return Ok(OneTimeStatus::Used);
    }
    let address = EmailAddress::from_stored(column(row, "address")?)
        .map_err(|error| unreadable("address", error))?;
    Ok(OneTimeStatus::Live(address))
}

/// The user whose token was spent.
fn owner(rows: &[QueryResult]) -> Result<Option<UserId>, DbErr> {
    Ok(rows
        .first()
        .map(|row| column::<Uuid>(row, "id"))
        .transpose()?
        .map(UserId::from))
}
