//! The audit trail table.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Index, IndexCreateStatement, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000005_events",
    up,
    down,
};

#[derive(Clone, Copy, DeriveIden)]
enum AuthEvents {
    Table,
    Id,
    Type,
    Outcome,
    UserId,
    ActorId,
    Ip,
    UserAgent,
    RequestId,
    Detail,
    CreatedAt,
}

/// There are no foreign keys, because events are kept when an account is deleted.
fn up(backend: DbBackend) -> Vec<Statement> {
    let events = Table::create()
        .table(AuthEvents::Table)
        .col(
            ColumnDef::new(AuthEvents::Id)
                .uuid()
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new(AuthEvents::Type).text().not_null())
        .col(ColumnDef::new(AuthEvents::Outcome).text().not_null())
        .col(ColumnDef::new(AuthEvents::UserId).uuid())
        .col(ColumnDef::new(AuthEvents::ActorId).uuid())
        .col(ColumnDef::new(AuthEvents::Ip).text())
        .col(ColumnDef::new(AuthEvents::UserAgent).text())
        .col(ColumnDef::new(AuthEvents::RequestId).text())
        .col(ColumnDef::new(AuthEvents::Detail).json_binary().not_null())
        .col(
            ColumnDef::new(AuthEvents::CreatedAt)
                .timestamp_with_time_zone()
                .not_null(),
        )
        .take();
    let by_user = newest_of("auth_events_user_id", AuthEvents::UserId);
    let by_type = newest_of("auth_events_type", AuthEvents::Type);
    vec![
        backend.build(&events),
        backend.build(&by_user),
        backend.build(&by_type),
    ]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![backend.build(&Table::drop().table(AuthEvents::Table).take())]
}

fn newest_of(name: &str, column: AuthEvents) -> IndexCreateStatement {
    Index::create()
        .name(name)
        .table(AuthEvents::Table)
        .col(column)
        .col(AuthEvents::Id)
        .take()
}
