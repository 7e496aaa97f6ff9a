//! The table for sealed limit keys.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261129_000014_limit_keys",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthLimitKeys {
    Table,
    Label,
    Sealed,
}

/// One row for each master secret, with the key of `auth_limits` sealed by that secret.
fn up(backend: DbBackend) -> Vec<Statement> {
    let mut keys = Table::create();
    keys.table(AuthLimitKeys::Table)
        .col(
            ColumnDef::new(AuthLimitKeys::Label)
                .binary()
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new(AuthLimitKeys::Sealed).binary().not_null());
    vec![backend.build(&keys)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![backend.build(&Table::drop().table(AuthLimitKeys::Table).take())]
}
