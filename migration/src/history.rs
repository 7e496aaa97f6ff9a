//! The table of applied migrations, `auth_migrations`.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, Statement, Value,
    prelude::{ChronoUtc, DateTimeUtc},
    sea_query::{Alias, ColumnDef, Table},
};

/// Returns the applied migrations by name, or an empty map if the table does not exist yet.
pub(crate) async fn read<C: ConnectionTrait>(
    db: &C,
) -> Result<BTreeMap<String, DateTimeUtc>, DbErr> {
    let backend = db.get_database_backend();
    // First checks that the table exists, because a failed statement on Postgres would abort the surrounding
    // transaction.
    let exists = match backend {
        DbBackend::Postgres => "SELECT 1 WHERE to_regclass('auth_migrations') IS NOT NULL",
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'auth_migrations'",
    };
    if db
        .query_all_raw(Statement::from_string(backend, exists))
        .await?
        .is_empty()
    {
        return Ok(BTreeMap::new());
    }
    let all = Statement::from_string(backend, "SELECT name, applied_at FROM auth_migrations");
    let rows = db.query_all_raw(all).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by("name")?, row.try_get_by("applied_at")?)))
        .collect()
}

pub(crate) async fn create<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    let name = Alias::new("name");
    let applied_at = Alias::new("applied_at");
    let table = Table::create()
        .table(Alias::new("auth_migrations"))
        .if_not_exists()
        .col(ColumnDef::new(name).text().not_null().primary_key())
        .col(
            ColumnDef::new(applied_at)
                .timestamp_with_time_zone()
                .not_null(),
        )
        .take();
    db.execute(&table).await?;
    Ok(())
}

pub(crate) async fn add<C: ConnectionTrait>(db: &C, name: &str) -> Result<(), DbErr> {
    let sql = "INSERT INTO auth_migrations (name, applied_at) VALUES ($1, $2)";
    run(db, sql, [name.into(), now().into()]).await
}

pub(crate) async fn remove<C: ConnectionTrait>(db: &C, name: &str) -> Result<(), DbErr> {
    let sql = "DELETE FROM auth_migrations WHERE name = $1";
    run(db, sql, [name.into()]).await
}

async fn run<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.execute_raw(statement).await?;
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "a note for operators; no decision depends on it"
)]
fn now() -> DateTimeUtc {
    ChronoUtc::now()
}
