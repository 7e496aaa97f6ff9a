//! The account and the due time of a mail, in the outbox.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, Table},
};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261129_000012_ordered_mail",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthOutbox {
    Table,
    HoldsFrom,
    OrderedAt,
    OrderedUserId,
    OrderedAddress,
    OrderedVersion,
}

/// The account that a mail was ordered for, and the time from which its due time holds.
///
/// All columns are null in rows of the version before, and in those that its instances write while they are replaced.
/// Such a mail is ordered for the account that the first claim of this version finds, as the version before had it at
/// every claim; it is due at its due time and not before; and when it was asked for is `created_at`. A retry of such a
/// mail changes no address but by a token that still stands.
///
/// The version before reads none of these columns. It may postpone or claim what this one wrote and leave `holds_from`
/// as it was: that is earlier than it would be, so that only a clock that went back further makes the mail due.
fn up(backend: DbBackend) -> Vec<Statement> {
    let columns = [
        ColumnDef::new(AuthOutbox::HoldsFrom)
            .timestamp_with_time_zone()
            .take(),
        ColumnDef::new(AuthOutbox::OrderedAt)
            .timestamp_with_time_zone()
            .take(),
        ColumnDef::new(AuthOutbox::OrderedUserId).uuid().take(),
        ColumnDef::new(AuthOutbox::OrderedAddress).text().take(),
        ColumnDef::new(AuthOutbox::OrderedVersion)
            .big_integer()
            .take(),
    ];
    let add = |column| {
        let table = Table::alter()
            .table(AuthOutbox::Table)
            .add_column(column)
            .take();
        backend.build(&table)
    };
    let mut statements: Vec<Statement> = columns.into_iter().map(add).collect();
    statements.extend(
        [
            // For mails that were put off before the clock went back; empty as a rule.
            "CREATE INDEX auth_outbox_due_later ON auth_outbox (holds_from) WHERE state = 'pending'",
            // For the purge, which leaves a token whose letter may still be retried.
            "CREATE INDEX auth_outbox_changes ON auth_outbox (user_id) WHERE letter = 'confirm_email_change'",
        ]
        .map(|sql| Statement::from_string(backend, sql)),
    );
    statements
}

/// A mail is decided again at every claim then, as the version before does.
fn down(backend: DbBackend) -> Vec<Statement> {
    let mut statements = ["auth_outbox_changes", "auth_outbox_due_later"]
        .map(|name| Statement::from_string(backend, format!("DROP INDEX {name}")))
        .to_vec();
    let columns = [
        AuthOutbox::OrderedVersion,
        AuthOutbox::OrderedAddress,
        AuthOutbox::OrderedUserId,
        AuthOutbox::OrderedAt,
        AuthOutbox::HoldsFrom,
    ];
    statements.extend(columns.map(|column| {
        let table = Table::alter()
            .table(AuthOutbox::Table)
            .drop_column(column)
            .take();
        backend.build(&table)
    }));
    statements
}
