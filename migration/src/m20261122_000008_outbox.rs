//! Delivery state in the outbox, and the email budget table.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Index, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000008_outbox",
    up,
    down,
};

#[derive(Clone, Copy, DeriveIden)]
enum AuthOutbox {
    Table,
    Id,
    Letter,
    UserId,
    Address,
    Payload,
    CreatedAt,
    NotAfter,
    DueAt,
    State,
    Attempts,
    Admitted,
    LastError,
}

#[derive(Clone, Copy, DeriveIden)]
enum AuthMailBudgets {
    Table,
    Key,
    #[sea_orm(iden = "sent_1")]
    Sent1,
    #[sea_orm(iden = "sent_2")]
    Sent2,
    #[sea_orm(iden = "sent_3")]
    Sent3,
    #[sea_orm(iden = "sent_4")]
    Sent4,
    #[sea_orm(iden = "sent_5")]
    Sent5,
}

const COMMON: &str = "id, letter, address, created_at, not_after, due_at, attempts, last_error";

/// SQLite cannot make a column nullable, so the table is dropped and created again. A second table
/// keeps its rows until then.
fn up(backend: DbBackend) -> Vec<Statement> {
    // There is no foreign key to the user, so the row remains when the user is deleted. The worker
    // then finds no recipient and marks the email complete.
    let outbox = Table::create()
        .table(AuthOutbox::Table)
        .col(id())
        .col(ColumnDef::new(AuthOutbox::Letter).text().not_null())
        // If only the user is set, the email goes to this user. If only the address is set, the
        // email goes to the account with this address. If both are set, the email goes to this
        // address on behalf of this user.
        .col(ColumnDef::new(AuthOutbox::UserId).uuid())
        .col(ColumnDef::new(AuthOutbox::Address).text())
        .col(ColumnDef::new(AuthOutbox::Payload).json_binary().not_null())
        .col(time(AuthOutbox::CreatedAt))
        .col(time(AuthOutbox::NotAfter))
        // When to send the email. While a worker holds a lease on the email, this is the end of the
        // lease.
        .col(time(AuthOutbox::DueAt))
        .col(ColumnDef::new(AuthOutbox::State).text().not_null())
        .col(ColumnDef::new(AuthOutbox::Attempts).integer().not_null())
        // Whether the email has been counted against the budget of its recipient.
        .col(ColumnDef::new(AuthOutbox::Admitted).boolean().not_null())
        .col(ColumnDef::new(AuthOutbox::LastError).text())
        .take();
    let budgets = Table::create()
        .table(AuthMailBudgets::Table)
        .col(
            ColumnDef::new(AuthMailBudgets::Key)
                .binary()
                .not_null()
                .primary_key(),
        )
        .col(sent(AuthMailBudgets::Sent1).not_null())
        .col(sent(AuthMailBudgets::Sent2))
        .col(sent(AuthMailBudgets::Sent3))
        .col(sent(AuthMailBudgets::Sent4))
        .col(sent(AuthMailBudgets::Sent5))
        .take();
    let mut statements = set_aside(backend);
    statements.push(backend.build(&outbox));
    statements.extend(
        [
            &*format!(
                "INSERT INTO auth_outbox ({COMMON}, payload, state, admitted) \
                SELECT {COMMON}, '{{}}', 'pending', FALSE FROM auth_outbox_kept"
            ),
            "DROP TABLE auth_outbox_kept",
            // With this partial index, a worker reads only emails that are due, even if there are
            // many dead emails.
            "CREATE INDEX auth_outbox_due ON auth_outbox (due_at, id) WHERE state = 'pending'",
            "CREATE INDEX auth_outbox_dead ON auth_outbox (id) WHERE state = 'dead'",
        ]
        .map(|sql| Statement::from_string(backend, sql)),
    );
    statements.push(backend.build(&budgets));
    statements.push(Statement::from_string(
        backend,
        "ALTER TABLE auth_users ADD COLUMN locale text",
    ));
    statements
}

/// Keeps the pending emails that have only an address. All other emails are lost, because the older
/// version cannot store them.
fn down(backend: DbBackend) -> Vec<Statement> {
    let outbox = Table::create()
        .table(AuthOutbox::Table)
        .col(id())
        .col(ColumnDef::new(AuthOutbox::Letter).text().not_null())
        .col(ColumnDef::new(AuthOutbox::Address).text().not_null())
        .col(time(AuthOutbox::CreatedAt))
        .col(time(AuthOutbox::NotAfter))
        .col(time(AuthOutbox::DueAt))
        .col(ColumnDef::new(AuthOutbox::Attempts).integer().not_null())
        .col(ColumnDef::new(AuthOutbox::LastError).text())
        .take();
    let by_due_at = Index::create()
        .name("auth_outbox_due_at")
        .table(AuthOutbox::Table)
        .col(AuthOutbox::DueAt)
        .take();
    let mut statements = set_aside(backend);
    statements.push(backend.build(&outbox));
    statements.extend(
        [
            &*format!(
                "INSERT INTO auth_outbox ({COMMON}) SELECT {COMMON} FROM auth_outbox_kept \
                WHERE user_id IS NULL AND state = 'pending'"
            ),
            "DROP TABLE auth_outbox_kept",
            "DROP TABLE auth_mail_budgets",
            "ALTER TABLE auth_users DROP COLUMN locale",
        ]
        .map(|sql| Statement::from_string(backend, sql)),
    );
    statements.push(backend.build(&by_due_at));
    statements
}

fn set_aside(backend: DbBackend) -> Vec<Statement> {
    [
        "CREATE TABLE auth_outbox_kept AS SELECT * FROM auth_outbox",
        "DROP TABLE auth_outbox",
    ]
    .map(|sql| Statement::from_string(backend, sql))
    .into()
}

fn id() -> ColumnDef {
    ColumnDef::new(AuthOutbox::Id)
        .uuid()
        .not_null()
        .primary_key()
        .take()
}

fn time(column: AuthOutbox) -> ColumnDef {
    ColumnDef::new(column)
        .timestamp_with_time_zone()
        .not_null()
        .take()
}

fn sent(column: AuthMailBudgets) -> ColumnDef {
    ColumnDef::new(column).timestamp_with_time_zone().take()
}
