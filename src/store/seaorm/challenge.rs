//! Challenges in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};
use serde::Deserialize;

use super::{
    SeaOrmStore,
    error::{store_error, unreadable},
    factor,
    limiter::{self, cleared_counter},
    pool::Database,
    row::{column, hash_values, user, user_columns},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    factor::{AddTotp, CountedFactors, NewTotp, SealedTotp},
    id::UserId,
    secret::TokenDigest,
    store::ChallengeStore,
    token::{
        Attempted, ChallengeId, ChallengePurpose, MAX_CHALLENGES, MAX_TRIES, Methods, NewChallenge,
        OpenChallenge,
    },
};

/// Writes the user row first, so that the statement waits for a concurrent reset and then sees its
/// changes.
macro_rules! note_proof {
    () => {
        "UPDATE auth_users SET password_hash = COALESCE($5, password_hash) \
        WHERE id = $1 AND status = 'active' AND credential_version = $2 AND factor_version = $3 \
            AND ($4 IS NULL OR password_hash = $4) RETURNING id"
    };
}

macro_rules! trim {
    ($limit:literal) => {
        concat!(
            "DELETE FROM auth_challenges WHERE user_id = $1 AND id NOT IN (\
                SELECT c.id FROM auth_challenges c WHERE c.user_id = $1 ORDER BY c.created_at DESC, c.id DESC LIMIT ",
            $limit,
            ")"
        )
    };
}

macro_rules! counted {
    () => {
        "(SELECT COUNT(*) FROM auth_factors f WHERE f.user_id = $1 AND f.confirmed_at IS NOT NULL) AS totps, \
        (SELECT COUNT(*) FROM auth_recovery_codes r WHERE r.user_id = $1) AS recovery_codes"
    };
}

const OPEN: &str = concat!(
    "WITH noted AS (",
    note_proof!(),
    "), trimmed AS (",
    trim!("$12"),
    " AND EXISTS (SELECT 1 FROM noted)), opened AS (\
        INSERT INTO auth_challenges (id, purpose, user_id, credential_version, factor_version, methods, provider, \
            attempts, created_at, expires_at) \
        SELECT $6, $7, noted.id, $2, $3, $8, $9, 0, $10, $11 FROM noted\
    ), cleared AS (\
        DELETE FROM auth_limits l USING noted WHERE l.key = $13\
    ) SELECT ",
    counted!(),
    " FROM noted"
);

const NOTE: &str = note_proof!();
const TRIM: &str = trim!("$2");
const COUNT: &str = concat!("SELECT ", counted!());

const INSERT: &str = "\
    INSERT INTO auth_challenges (id, purpose, user_id, credential_version, factor_version, methods, provider, attempts, \
        created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)";

/// The condition that a challenge `c` of a user `u` is open at `$2`.
macro_rules! is_open {
    () => {
        "c.id = $1 AND c.user_id = $3 AND u.id = c.user_id AND c.spent_at IS NULL AND c.expires_at > $2 \
        AND c.attempts < $4 AND u.status = 'active' AND u.credential_version = c.credential_version \
        AND u.factor_version = c.factor_version"
    };
}

macro_rules! attempted_columns {
    () => {
        concat!(
            user_columns!("u."),
            ", c.credential_version, c.factor_version, c.purpose, c.methods, c.provider, c.factor_id"
        )
    };
}

/// Selects the factors and recovery codes, as JSON, for the user in row `a`.
macro_rules! shown {
    ($list:literal, $object:literal, $id:literal, $secret:literal, $digest:literal) => {
        concat!(
            "(SELECT CAST(COALESCE(",
            $list,
            "(",
            $object,
            "('id', ",
            $id,
            ", 'secret', ",
            $secret,
            ", 'last_step', f.last_step)), '[]') AS text) FROM auth_factors f WHERE f.user_id = a.id \
                AND (f.id = a.factor_id OR (a.purpose = 'second_factor' AND f.confirmed_at IS NOT NULL))) AS totps, \
            (SELECT CAST(COALESCE(",
            $list,
            "(",
            $digest,
            "), '[]') AS text) FROM auth_recovery_codes r WHERE r.user_id = a.id AND a.purpose = 'second_factor') AS codes"
        )
    };
}

const ATTEMPT: &str = concat!(
    "WITH a AS (UPDATE auth_challenges c SET attempts = c.attempts + 1 FROM auth_users u WHERE ",
    is_open!(),
    " RETURNING ",
    attempted_columns!(),
    ") SELECT a.*, ",
    shown!(
        "json_agg",
        "json_build_object",
        "f.id",
        "encode(f.secret, 'hex')",
        "encode(r.digest, 'hex')"
    ),
    " FROM a"
);

const READ: &str = concat!(
    "SELECT a.*, ",
    shown!(
        "json_group_array",
        "json_object",
        "lower(hex(f.id))",
        "lower(hex(f.secret))",
        "lower(hex(r.digest))"
    ),
    " FROM (SELECT ",
    attempted_columns!(),
    " FROM auth_challenges c, auth_users u WHERE ",
    is_open!(),
    ") a"
);

const COUNT_TRY: &str = "UPDATE auth_challenges SET attempts = attempts + 1 WHERE id = $1";

const ENROLLING: &str = concat!(
    "SELECT c.factor_id FROM auth_challenges c, auth_users u WHERE ",
    is_open!(),
    " AND c.purpose = 'enrolment'"
);

const REPLACE: &str = "DELETE FROM auth_factors WHERE id = $1 AND confirmed_at IS NULL";

const ENROL: &str = "UPDATE auth_challenges SET factor_id = $2 WHERE id = $1";

#[async_trait]
impl<D: Database> ChallengeStore for SeaOrmStore<D> {
    async fn open_challenge(&self, new: &NewChallenge) -> Result<OpenChallenge, StoreError> {
        let rows = if self.is_postgres() {
            let [user, version, factors, verified, rehashed] = proof_values(new);
            let [id, purpose, _, _, _, methods, provider, now, end] = challenge_values(new);
            let values = [
                user,
                version,
                factors,
                verified,
                rehashed,
                id,
                purpose,
                methods,
                provider,
                now,
                end,
                others(),
                cleared_counter(new.cleared_counter),
            ];
            self.write(OPEN, values).await?
        } else {
            transaction!(self, |txn| open_in(txn, new))?
        };
        rows.first()
            .map_or(Ok(OpenChallenge::Stale), |row| {
                counted(row).map(OpenChallenge::Opened)
            })
            .map_err(|error| store_error(&error))
    }

    async fn attempt_challenge(
        &self,
        id: ChallengeId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Attempted>, StoreError> {
        let values = || open_values(id, user, now);
        let rows = if self.is_postgres() {
            self.write(ATTEMPT, values()).await?
        } else {
            transaction!(self, |txn| async {
                let rows = run(txn, READ, values()).await?;
                if !rows.is_empty() {
                    run(txn, COUNT_TRY, [id.as_uuid().into()]).await?;
                }
                Ok::<_, DbErr>(rows)
            })?
        };
        rows.first()
            .map(attempted)
            .transpose()
            .map_err(|error| store_error(&error))
    }

    async fn enrol_totp(&self, id: ChallengeId, totp: &NewTotp) -> Result<AddTotp, StoreError> {
        transaction!(self, |txn| enrol_in(txn, id, totp))
    }
}

/// Opens a challenge inside a transaction that excludes other writers.
async fn open_in(txn: &Txn<'_>, new: &NewChallenge) -> Result<Vec<QueryResult>, DbErr> {
    if run(txn, NOTE, proof_values(new)).await?.is_empty() {
        return Ok(Vec::new());
    }
    let user = || Value::from(new.user_id.as_uuid());
    run(txn, TRIM, [user(), others()]).await?;
    run(txn, INSERT, challenge_values(new)).await?;
    limiter::clear(txn, new.cleared_counter).await?;
    run(txn, COUNT, [user()]).await
}

async fn enrol_in(txn: &Txn<'_>, id: ChallengeId, totp: &NewTotp) -> Result<AddTotp, DbErr> {
    let Some(count) = factor::held(txn, totp.user_id).await? else {
        return Ok(AddTotp::Gone);
    };
    let rows = run(
        txn,
        ENROLLING,
        open_values(id, totp.user_id, totp.created_at),
    )
    .await?;
    let Some(row) = rows.first() else {
        return Ok(AddTotp::Gone);
    };
    if let Some(earlier) = column::<Option<Uuid>>(row, "factor_id")? {
        run(txn, REPLACE, [earlier.into()]).await?;
    }
    let added = factor::add(txn, count, totp).await?;
    if added == AddTotp::Added {
        let values = [id.as_uuid().into(), totp.id.as_uuid().into()];
        run(txn, ENROL, values).await?;
    }
    Ok(added)
}

/// The values of `$1` to `$5` in [`note_proof!`].
fn proof_values(new: &NewChallenge) -> [Value; 5] {
    let [verified, rehashed] = hash_values(new.verified_hash.as_ref(), new.rehashed.as_ref());
    [
        new.user_id.as_uuid().into(),
        new.credential_version.into(),
        new.factor_version.into(),
        verified,
        rehashed,
    ]
}

/// The values of `$1` to `$9` in [`INSERT`].
fn challenge_values(new: &NewChallenge) -> [Value; 9] {
    [
        new.id.as_uuid().into(),
        new.purpose.as_str().into(),
        new.user_id.as_uuid().into(),
        new.credential_version.into(),
        new.factor_version.into(),
        new.methods.to_string().into(),
        new.provider.clone().into(),
        new.created_at.into(),
        new.expires_at.into(),
    ]
}

/// The values of `$1` to `$4` in [`is_open!`].
fn open_values(id: ChallengeId, user: UserId, now: Timestamp) -> [Value; 4] {
    [
        id.as_uuid().into(),
        now.into(),
        user.as_uuid().into(),
        i64::from(MAX_TRIES).into(),
    ]
}

/// How many of the user's other challenges are kept.
fn others() -> Value {
    (i64::from(MAX_CHALLENGES) - 1).into()
}

fn counted(row: &QueryResult) -> Result<CountedFactors, DbErr> {
    let count = |name| {
        let count: i64 = column(row, name)?;
        u32::try_from(count).map_err(|error| unreadable(name, error))
    };
    Ok(CountedFactors {
        totps: count("totps")?,
        recovery_codes: count("recovery_codes")?,
    })
}

fn attempted(row: &QueryResult) -> Result<Attempted, DbErr> {
    let purpose: String = column(row, "purpose")?;
    let purpose = ChallengePurpose::ALL
        .iter()
        .find(|known| known.as_str() == purpose)
        .ok_or_else(|| unreadable("purpose", "unknown"))?;
    let totps: Vec<Shown> = json(row, "totps")?;
    let codes: Vec<String> = json(row, "codes")?;
    let totps = totps.into_iter().map(|shown| {
        Ok(SealedTotp {
            id: shown.id.into(),
            sealed: bytes(&shown.secret).ok_or_else(|| unreadable("secret", "not hexadecimal"))?,
            last_step: shown.last_step,
        })
    });
    let codes = codes.iter().map(|code| {
        bytes(code)
            .and_then(|code| TokenDigest::try_from(code.as_slice()).ok())
            .ok_or_else(|| unreadable("digest", "not a digest"))
    });
    Ok(Attempted {
        user: user(row)?,
        credential_version: column(row, "credential_version")?,
        factor_version: column(row, "factor_version")?,
        purpose: *purpose,
        methods: Methods::from_stored(&column::<String>(row, "methods")?),
        provider: column(row, "provider")?,
        totps: totps.collect::<Result<_, DbErr>>()?,
        recovery_codes: codes.collect::<Result<_, DbErr>>()?,
    })
}

#[derive(Deserialize)]
struct Shown {
    id: Uuid,
    secret: String,
    last_step: Option<i64>,
}

fn json<T: for<'a> Deserialize<'a>>(row: &QueryResult, name: &str) -> Result<T, DbErr> {
    serde_json::from_str(&column::<String>(row, name)?).map_err(|error| unreadable(name, error))
}

/// Decodes a hexadecimal text.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
