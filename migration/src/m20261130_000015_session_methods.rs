//! A session's sign-in methods.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261130_000015_session_methods",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthSessions {
    Table,
    Methods,
}

/// Null means that the methods are unknown, because an instance of an older version opened the session.
fn up(backend: DbBackend) -> Vec<Statement> {
    let add = Table::alter()
        .table(AuthSessions::Table)
        .add_column(ColumnDef::new(AuthSessions::Methods).text().take())
        .take();
    vec![backend.build(&add)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    let drop = Table::alter()
        .table(AuthSessions::Table)
        .drop_column(AuthSessions::Methods)
        .take();
    vec![backend.build(&drop)]
}
