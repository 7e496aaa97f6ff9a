//! Browser sessions: the kind of a session, and its previous cookie.

use sea_orm::{DbBackend, DeriveIden, Statement, sea_query::ColumnDef};

use crate::{Migration, columns};

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261130_000017_browser_sessions",
    up,
    down,
};

#[derive(Clone, Copy, DeriveIden)]
enum AuthSessions {
    Table,
    /// Null for a session with access and refresh tokens.
    Kind,
    /// The digest of the previous cookie, and what it still stands for until `FormerUntil`.
    FormerDigest,
    FormerUntil,
    FormerMethods,
    FormerAuthenticatedAt,
    FormerSecondFactorAt,
}

fn columns() -> [ColumnDef; 6] {
    let time = |column| ColumnDef::new(column).timestamp_with_time_zone().take();
    [
        ColumnDef::new(AuthSessions::Kind).text().take(),
        ColumnDef::new(AuthSessions::FormerDigest).binary().take(),
        time(AuthSessions::FormerUntil),
        ColumnDef::new(AuthSessions::FormerMethods).text().take(),
        time(AuthSessions::FormerAuthenticatedAt),
        time(AuthSessions::FormerSecondFactorAt),
    ]
}

fn up(backend: DbBackend) -> Vec<Statement> {
    columns::add(backend, AuthSessions::Table, columns())
}

fn down(backend: DbBackend) -> Vec<Statement> {
    let columns = [
        AuthSessions::Kind,
        AuthSessions::FormerDigest,
        AuthSessions::FormerUntil,
        AuthSessions::FormerMethods,
        AuthSessions::FormerAuthenticatedAt,
        AuthSessions::FormerSecondFactorAt,
    ];
    columns::drop(backend, AuthSessions::Table, columns)
}
