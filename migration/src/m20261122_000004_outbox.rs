//! The outbox: the table of emails to be sent.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Index, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000004_outbox",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthOutbox {
    Table,
    Id,
    Letter,
    Address,
    CreatedAt,
    NotAfter,
    DueAt,
    Attempts,
    LastError,
}

fn up(backend: DbBackend) -> Vec<Statement> {
    // The fill factor keeps its default, because claims change the indexed `due_at` and are therefore never heap-only
    // updates.
    let outbox = Table::create()
        .table(AuthOutbox::Table)
        .col(
            ColumnDef::new(AuthOutbox::Id)
                .uuid()
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new(AuthOutbox::Letter).text().not_null())
        .col(ColumnDef::new(AuthOutbox::Address).text().not_null())
        .col(time(AuthOutbox::CreatedAt).not_null())
        .col(time(AuthOutbox::NotAfter).not_null())
        // When to send the email. While a worker holds a lease on the email, this is the end of the
        // lease.
        .col(time(AuthOutbox::DueAt).not_null())
        .col(ColumnDef::new(AuthOutbox::Attempts).integer().not_null())
        .col(ColumnDef::new(AuthOutbox::LastError).text())
        .take();
    let by_due_at = Index::create()
        .name("auth_outbox_due_at")
        .table(AuthOutbox::Table)
        .col(AuthOutbox::DueAt)
        .take();
    vec![backend.build(&outbox), backend.build(&by_due_at)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![backend.build(&Table::drop().table(AuthOutbox::Table).take())]
}

fn time(column: AuthOutbox) -> ColumnDef {
    ColumnDef::new(column).timestamp_with_time_zone().take()
}
