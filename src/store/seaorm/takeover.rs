//! Takeover: removes all access of the previous holder of an unverified account once its address is verified.

use sea_orm::{DbErr, Value};

use super::{
    conditions::is_proof,
    ended::END_OF_USER,
    transaction::{Txn, run},
};
use crate::{clock::Timestamp, token::EndReason, user::UserId};

/// The tables from which a takeover deletes the user's rows. If a feature stores another way to sign in, add its table
/// here, so that a takeover deletes its rows, whether a reset or a provider verified the address. Sessions are ended,
/// but not deleted. One-time tokens that verify the address are marked as used, and all other tokens become void
/// because the credential version is incremented.
const WIPED: [&str; 6] = {
    let [challenges, devices, factors, codes] = WITH_FACTORS;
    [
        challenges,
        devices,
        factors,
        codes,
        "auth_identities",
        "auth_oauth_flows",
    ]
};

/// The tables for second factors and for the data that depends on them.
pub(super) const WITH_FACTORS: [&str; 4] = [
    "auth_challenges",
    "auth_devices",
    "auth_factors",
    "auth_recovery_codes",
];

/// Marks the tokens that verify an address as used, after the address was verified in another way. All other tokens
/// become void without being marked, because the credential version is incremented.
pub(super) const USE_ALL_PROOFS: &str = concat!(
    "UPDATE auth_one_time_tokens SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL AND ",
    is_proof!("purpose")
);

/// For Postgres, CTEs that delete the rows in the reset statement. These CTEs follow a CTE `taken_over` with the
/// account's `id`. Other CTEs of that statement end the sessions and mark the one-time tokens as used.
pub(super) fn wiping() -> String {
    let wiping = |table: &str| {
        format!(
            ", {table}_wiped AS (DELETE FROM {table} WHERE user_id IN (SELECT taken_over.id FROM taken_over))"
        )
    };
    WIPED.map(wiping).concat()
}

/// Ends the user's sessions, marks the tokens that verify an address as used, and deletes the user's rows from the
/// tables in [`WIPED`]. The transaction must have locked the user row.
pub(super) async fn wipe(
    txn: &Txn<'_>,
    user: UserId,
    reason: EndReason,
    now: Timestamp,
) -> Result<(), DbErr> {
    let id = || Value::from(user.as_uuid());
    run(txn, END_OF_USER, [id(), now.into(), reason.as_str().into()]).await?;
    run(txn, USE_ALL_PROOFS, [id(), now.into()]).await?;
    for table in WIPED {
        let sql = format!("DELETE FROM {table} WHERE user_id = $1");
        run(txn, &sql, [id()]).await?;
    }
    Ok(())
}

#[cfg(all(test, feature = "migrate", feature = "sqlite"))]
mod tests {
    use sea_orm::{ConnectionTrait as _, Statement};

    use super::WIPED;
    use crate::store::seaorm::{ConnectSettings, SeaOrmStore};

    /// The tables whose rows a takeover keeps (events, mail), ends (sessions) or marks as used
    /// (tokens).
    const OTHERS: [&str; 4] = [
        "auth_events",
        "auth_one_time_tokens",
        "auth_outbox",
        "auth_sessions",
    ];

    #[tokio::test]
    async fn a_takeover_knows_every_table_with_rows_of_users() {
        let settings = ConnectSettings::new("sqlite::memory:").pool_size(1);
        let store = SeaOrmStore::connect(&settings).await.unwrap();
        store.migrate().await.unwrap();
        let db = store.database();
        let tables = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                      WHERE m.type = 'table' AND c.name = 'user_id'";
        let tables = Statement::from_string(db.get_database_backend(), tables);
        let rows = db.query_all_raw(tables).await.unwrap();
        let mut tables: Vec<String> = rows
            .iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect();
        tables.sort();
        let mut known = [&WIPED[..], &OTHERS[..]].concat();
        known.sort_unstable();
        assert_eq!(
            tables, known,
            "a takeover must delete, end or keep the rows of each table"
        );
    }
}
