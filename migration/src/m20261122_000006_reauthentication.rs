//! The time of the last authentication, in the session table.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Expr, Query, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000006_reauthentication",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthSessions {
    Table,
    CreatedAt,
    AuthenticatedAt,
}

/// The column is null in a session that an instance of an older version opened. For that session,
/// `created_at` is the time of the last authentication.
fn up(backend: DbBackend) -> Vec<Statement> {
    let add = Table::alter()
        .table(AuthSessions::Table)
        .add_column(
            ColumnDef::new(AuthSessions::AuthenticatedAt)
                .timestamp_with_time_zone()
                .take(),
        )
        .take();
    let fill = Query::update()
        .table(AuthSessions::Table)
        .value(
            AuthSessions::AuthenticatedAt,
            Expr::col(AuthSessions::CreatedAt),
        )
        .take();
    vec![backend.build(&add), backend.build(&fill)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    let drop = Table::alter()
        .table(AuthSessions::Table)
        .drop_column(AuthSessions::AuthenticatedAt)
        .take();
    vec![backend.build(&drop)]
}
