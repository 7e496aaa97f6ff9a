//! Columns of the outbox for an email's account, and for the validity of its due time.

use sea_orm::{DbBackend, DeriveIden, Statement, sea_query::ColumnDef};

use crate::{Migration, columns};

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261129_000012_ordered_mail",
    up,
    down,
};

#[derive(Clone, Copy, DeriveIden)]
enum AuthOutbox {
    Table,
    HoldsFrom,
    OrderedAt,
    OrderedUserId,
    OrderedAddress,
    OrderedVersion,
}

/// The account that an email was requested for, and the time from which its due time is valid.
///
/// All these columns are null in rows that the previous version wrote. Instances of the previous
/// version still write such rows while they are being replaced. An email in such a row belongs to
/// the account that the first claim by this version finds; the previous version looked up the
/// account at every claim. Even if the clock is set back, this email is not due before its due
/// time. It was requested at `created_at`. A retry of such an email changes an address only if its
/// token is still valid.
///
/// The previous version reads none of these columns. It may postpone or claim an email of this
/// version and leave `holds_from` unchanged. `holds_from` is then too early. After the clock is set
/// back, the email is therefore due early only if the clock shows a time before that value.
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
    let mut statements = columns::add(backend, AuthOutbox::Table, columns);
    statements.extend(
        [
            // Finds emails that were postponed before the clock was set back. Usually there are
            // none.
            "CREATE INDEX auth_outbox_due_later ON auth_outbox (holds_from) WHERE state = 'pending'",
            // Used by the purge, which keeps a token if its email may still be retried.
            "CREATE INDEX auth_outbox_changes ON auth_outbox (user_id) WHERE letter = 'confirm_email_change'",
        ]
        .map(|sql| Statement::from_string(backend, sql)),
    );
    statements
}

/// After `down`, an email's account is looked up again at every claim, as the previous version
/// does.
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
    statements.extend(columns::drop(backend, AuthOutbox::Table, columns));
    statements
}
