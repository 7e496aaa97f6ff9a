//! Codes that are issued to the user of a browser session, with the authentication of that session.

use sea_orm::{DbBackend, DeriveIden, Statement, sea_query::ColumnDef};

use crate::{Migration, columns};

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261201_000018_session_codes",
    up,
    down,
};

#[derive(Clone, Copy, DeriveIden)]
enum AuthOauthFlows {
    Table,
    /// Null for a code from a provider sign-in, like the columns below.
    SessionId,
    AuthenticatedAt,
    Methods,
    SecondFactorAt,
    FactorVersion,
}

fn columns() -> [ColumnDef; 5] {
    let time = |column| ColumnDef::new(column).timestamp_with_time_zone().take();
    [
        ColumnDef::new(AuthOauthFlows::SessionId).uuid().take(),
        time(AuthOauthFlows::AuthenticatedAt),
        ColumnDef::new(AuthOauthFlows::Methods).text().take(),
        time(AuthOauthFlows::SecondFactorAt),
        ColumnDef::new(AuthOauthFlows::FactorVersion)
            .big_integer()
            .take(),
    ]
}

fn up(backend: DbBackend) -> Vec<Statement> {
    columns::add(backend, AuthOauthFlows::Table, columns())
}

fn down(backend: DbBackend) -> Vec<Statement> {
    let columns = [
        AuthOauthFlows::SessionId,
        AuthOauthFlows::AuthenticatedAt,
        AuthOauthFlows::Methods,
        AuthOauthFlows::SecondFactorAt,
        AuthOauthFlows::FactorVersion,
    ];
    columns::drop(backend, AuthOauthFlows::Table, columns)
}
