//! The limit counter table.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000009_limits",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthLimits {
    Table,
    Key,
    UntilAt,
    Attempts,
    ExpiresAt,
}

fn up(backend: DbBackend) -> Vec<Statement> {
    let mut limits = Table::create();
    if backend == DbBackend::Postgres {
        // Keeps space free on each page. Only the key is indexed, so every charge is a heap-only
        // update.
        limits.extra("WITH (fillfactor = 70)");
    }
    limits
        .table(AuthLimits::Table)
        .col(
            ColumnDef::new(AuthLimits::Key)
                .binary()
                .not_null()
                .primary_key(),
        )
        .col(
            ColumnDef::new(AuthLimits::UntilAt)
                .timestamp_with_time_zone()
                .not_null(),
        )
        .col(ColumnDef::new(AuthLimits::Attempts).integer().not_null())
        .col(
            ColumnDef::new(AuthLimits::ExpiresAt)
                .timestamp_with_time_zone()
                .not_null(),
        );
    vec![backend.build(&limits)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![backend.build(&Table::drop().table(AuthLimits::Table).take())]
}
