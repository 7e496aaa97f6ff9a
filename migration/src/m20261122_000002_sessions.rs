//! The session table.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, ForeignKey, ForeignKeyAction, Index, Table},
};

use crate::{Migration, m20261122_000001_users::AuthUsers};

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000002_sessions",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthSessions {
    Table,
    Id,
    UserId,
    Generation,
    Digest,
    CredentialVersion,
    CreatedAt,
    RotatedAt,
    IdleExpiresAt,
    AbsoluteExpiresAt,
    RevokedAt,
    RevokedReason,
    Ip,
    UserAgent,
}

fn up(backend: DbBackend) -> Vec<Statement> {
    let mut sessions = Table::create();
    if backend == DbBackend::Postgres {
        // Keeps space free on each page. No index covers a column that a rotation changes, so every
        // rotation is a heap-only update.
        sessions.extra("WITH (fillfactor = 70)");
    }
    sessions
        .table(AuthSessions::Table)
        .col(
            ColumnDef::new(AuthSessions::Id)
                .uuid()
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new(AuthSessions::UserId).uuid().not_null())
        .col(
            ColumnDef::new(AuthSessions::Generation)
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new(AuthSessions::Digest).binary().not_null())
        .col(
            ColumnDef::new(AuthSessions::CredentialVersion)
                .big_integer()
                .not_null(),
        )
        .col(time(AuthSessions::CreatedAt).not_null())
        .col(time(AuthSessions::RotatedAt).not_null())
        .col(time(AuthSessions::IdleExpiresAt).not_null())
        .col(time(AuthSessions::AbsoluteExpiresAt).not_null())
        .col(time(AuthSessions::RevokedAt))
        .col(ColumnDef::new(AuthSessions::RevokedReason).text())
        .col(ColumnDef::new(AuthSessions::Ip).text())
        .col(ColumnDef::new(AuthSessions::UserAgent).text())
        .foreign_key(
            ForeignKey::create()
                .from(AuthSessions::Table, AuthSessions::UserId)
                .to(AuthUsers::Table, AuthUsers::Id)
                .on_delete(ForeignKeyAction::Cascade),
        );
    let by_user = Index::create()
        .name("auth_sessions_user_id")
        .table(AuthSessions::Table)
        .col(AuthSessions::UserId)
        .take();
    vec![backend.build(&sessions), backend.build(&by_user)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![backend.build(&Table::drop().table(AuthSessions::Table).take())]
}

fn time(column: AuthSessions) -> ColumnDef {
    ColumnDef::new(column).timestamp_with_time_zone().take()
}
