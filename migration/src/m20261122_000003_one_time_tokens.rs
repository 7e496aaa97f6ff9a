//! The one-time token table.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, ForeignKey, ForeignKeyAction, Index, Table},
};

use crate::{Migration, m20261122_000001_users::AuthUsers};

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000003_one_time_tokens",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthOneTimeTokens {
    Table,
    UserId,
    Purpose,
    Digest,
    Payload,
    CredentialVersion,
    CreatedAt,
    ExpiresAt,
    UsedAt,
}

fn up(backend: DbBackend) -> Vec<Statement> {
    let tokens = Table::create()
        .table(AuthOneTimeTokens::Table)
        .col(ColumnDef::new(AuthOneTimeTokens::UserId).uuid().not_null())
        .col(ColumnDef::new(AuthOneTimeTokens::Purpose).text().not_null())
        .col(
            ColumnDef::new(AuthOneTimeTokens::Digest)
                .binary()
                .not_null()
                .unique_key(),
        )
        .col(ColumnDef::new(AuthOneTimeTokens::Payload).json_binary())
        .col(
            ColumnDef::new(AuthOneTimeTokens::CredentialVersion)
                .big_integer()
                .not_null(),
        )
        .col(time(AuthOneTimeTokens::CreatedAt).not_null())
        .col(time(AuthOneTimeTokens::ExpiresAt).not_null())
        .col(time(AuthOneTimeTokens::UsedAt))
        // There is one token per user and purpose, so that a newer token replaces the older one.
        .primary_key(
            Index::create()
                .col(AuthOneTimeTokens::UserId)
                .col(AuthOneTimeTokens::Purpose),
        )
        .foreign_key(
            ForeignKey::create()
                .from(AuthOneTimeTokens::Table, AuthOneTimeTokens::UserId)
                .to(AuthUsers::Table, AuthUsers::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    vec![backend.build(&tokens)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![backend.build(&Table::drop().table(AuthOneTimeTokens::Table).take())]
}

fn time(column: AuthOneTimeTokens) -> ColumnDef {
    ColumnDef::new(column).timestamp_with_time_zone().take()
}
