//! The migrator: the list of migrations, and the lock under which they run.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, prelude::DateTimeUtc,
};

use crate::{MIGRATIONS, Migration, history};

/// The key of the advisory lock: `hallpass` in ASCII.
const LOCK: i64 = 0x6861_6c6c_7061_7373;

/// Locks the tables in the order in which every instance locks them, so that a running instance cannot deadlock with a
/// migration. The timeout limits how long a migration waits for a slow reader, such as a backup, because all writers
/// wait behind the migration.
const LOCK_TABLES: &str = "\
    SET LOCAL lock_timeout = '3s'; \
    DO $$ \
    DECLARE name text; \
    BEGIN \
        FOREACH name IN ARRAY ARRAY['auth_users', 'auth_sessions', 'auth_outbox'] LOOP \
            IF to_regclass(name) IS NOT NULL THEN \
                EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', name); \
            END IF; \
        END LOOP; \
    END $$";

/// A migration and when it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// The name of the migration.
    pub name: String,
    /// When it was applied; `None` if it is pending.
    pub applied_at: Option<DateTimeUtc>,
}

/// Applies the pending migrations in one transaction: all of them or none.
///
/// This function needs one connection of the pool, and runs only two short queries if nothing is
/// pending. Migrations that a newer version applied are left unchanged.
///
/// # Errors
/// If the database fails, or is neither Postgres nor SQLite.
pub async fn up(db: &DatabaseConnection) -> Result<(), DbErr> {
    supported(db)?;
    if pending(&history::read(db).await?).next().is_none() {
        return Ok(());
    }
    let txn = locked(db).await?;
    history::create(&txn).await?;
    // Reads the history again, because another instance may have migrated while this instance
    // waited for the lock.
    for migration in pending(&history::read(&txn).await?) {
        run(&txn, migration.up).await?;
        history::add(&txn, migration.name).await?;
    }
    txn.commit().await
}

/// Reverts the last `steps` migrations, or all migrations if `steps` is `None`, in one transaction.
/// The data in their tables is lost.
///
/// # Errors
/// If the database fails, or contains migrations that are unknown to this version.
pub async fn down(db: &DatabaseConnection, steps: Option<u32>) -> Result<(), DbErr> {
    supported(db)?;
    let txn = locked(db).await?;
    let applied = history::read(&txn).await?;
    if let Some(name) = unknown(&applied).next() {
        return Err(DbErr::Migration(format!(
            "{name} was applied by a newer version: revert it with that version"
        )));
    }
    let steps = steps.map_or(usize::MAX, |steps| {
        usize::try_from(steps).unwrap_or(usize::MAX)
    });
    let last = MIGRATIONS
        .iter()
        .rev()
        .filter(|migration| applied.contains_key(migration.name));
    for migration in last.take(steps) {
        run(&txn, migration.down).await?;
        history::remove(&txn, migration.name).await?;
    }
    txn.commit().await
}

/// Returns every migration, oldest first: those of this version, and those that a newer version
/// applied.
///
/// # Errors
/// If the database fails, or is neither Postgres nor SQLite.
pub async fn status(db: &DatabaseConnection) -> Result<Vec<MigrationStatus>, DbErr> {
    supported(db)?;
    let applied = history::read(db).await?;
    Ok(MIGRATIONS
        .iter()
        .map(|migration| migration.name)
        .chain(unknown(&applied))
        .map(|name| MigrationStatus {
            name: name.to_owned(),
            applied_at: applied.get(name).copied(),
        })
        .collect())
}

type Applied = BTreeMap<String, DateTimeUtc>;

fn pending(applied: &Applied) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS
        .iter()
        .filter(|migration| !applied.contains_key(migration.name))
}

fn unknown(applied: &Applied) -> impl Iterator<Item = &str> {
    applied
        .keys()
        .map(String::as_str)
        .filter(|name| MIGRATIONS.iter().all(|migration| migration.name != *name))
}

fn supported(db: &DatabaseConnection) -> Result<(), DbErr> {
    match db.get_database_backend() {
        DbBackend::Postgres | DbBackend::Sqlite => Ok(()),
        _ => Err(DbErr::Migration(
            "hallpass runs on Postgres and SQLite".to_owned(),
        )),
    }
}

/// Begins a transaction that only one instance can hold at a time. The lock is taken on the
/// transaction's own connection, so that a pool of one connection does not wait for itself.
async fn locked(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    let txn = db
        .begin_with_options(TransactionOptions {
            // With a stricter isolation level, which may be the host's default, this transaction would not see the
            // migrations that another instance applied while this instance waited.
            isolation_level: postgres.then_some(IsolationLevel::ReadCommitted),
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        })
        .await?;
    if postgres {
        // The statement timeout for requests must not apply to migrations, nor to the wait for the
        // migration of another instance.
        txn.execute_unprepared("SET LOCAL statement_timeout = 0")
            .await?;
        let lock = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [LOCK.into()],
        );
        txn.execute_raw(lock).await?;
        txn.execute_unprepared(LOCK_TABLES).await?;
    }
    Ok(txn)
}

async fn run(
    txn: &DatabaseTransaction,
    statements: fn(DbBackend) -> Vec<Statement>,
) -> Result<(), DbErr> {
    for statement in statements(txn.get_database_backend()) {
        txn.execute_raw(statement).await?;
    }
    Ok(())
}
