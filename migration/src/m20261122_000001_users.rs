//! The user table.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000001_users",
    up,
    down,
};

#[derive(DeriveIden)]
pub(crate) enum AuthUsers {
    Table,
    Id,
    Email,
    EmailCanonical,
    EmailVerifiedAt,
    PasswordHash,
    Roles,
    Status,
    CredentialVersion,
    DisplayName,
    Metadata,
    CreatedAt,
    UpdatedAt,
    LastLoginAt,
}

fn up(backend: DbBackend) -> Vec<Statement> {
    let mut email_canonical = ColumnDef::new(AuthUsers::EmailCanonical);
    email_canonical.text().not_null().unique_key();
    let mut users = Table::create();
    if backend == DbBackend::Postgres {
        // Sorts by bytes, as SQLite does, so that a search by prefix can use the index in any locale.
        email_canonical.extra("COLLATE \"C\"");
        // Keeps space free on each page, so that a sign-in can update the row within its page.
        users.extra("WITH (fillfactor = 90)");
    }
    users
        .table(AuthUsers::Table)
        .col(
            ColumnDef::new(AuthUsers::Id)
                .uuid()
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new(AuthUsers::Email).text().not_null())
        .col(email_canonical)
        .col(ColumnDef::new(AuthUsers::EmailVerifiedAt).timestamp_with_time_zone())
        .col(ColumnDef::new(AuthUsers::PasswordHash).text())
        .col(ColumnDef::new(AuthUsers::Roles).text().not_null())
        .col(ColumnDef::new(AuthUsers::Status).text().not_null())
        .col(
            ColumnDef::new(AuthUsers::CredentialVersion)
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new(AuthUsers::DisplayName).text())
        .col(ColumnDef::new(AuthUsers::Metadata).json_binary().not_null())
        .col(
            ColumnDef::new(AuthUsers::CreatedAt)
                .timestamp_with_time_zone()
                .not_null(),
        )
        .col(
            ColumnDef::new(AuthUsers::UpdatedAt)
                .timestamp_with_time_zone()
                .not_null(),
        )
        .col(ColumnDef::new(AuthUsers::LastLoginAt).timestamp_with_time_zone());
    vec![backend.build(&users)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![backend.build(&Table::drop().table(AuthUsers::Table).take())]
}
