//! The table of signing keys.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261201_000019_signing_keys",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthSigningKeys {
    Table,
    Id,
    FirstUsedAt,
}

/// One row for each key of access tokens, with the time when a process first used it. The keys themselves are not
/// stored.
fn up(backend: DbBackend) -> Vec<Statement> {
    let mut keys = Table::create();
    keys.table(AuthSigningKeys::Table)
        .col(
            ColumnDef::new(AuthSigningKeys::Id)
                .text()
                .not_null()
                .primary_key(),
        )
        .col(
            ColumnDef::new(AuthSigningKeys::FirstUsedAt)
                .timestamp_with_time_zone()
                .not_null(),
        );
    vec![backend.build(&keys)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![backend.build(&Table::drop().table(AuthSigningKeys::Table).take())]
}
