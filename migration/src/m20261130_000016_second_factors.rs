//! The tables for second factors, recovery codes, remembered devices and challenges.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{
        ColumnDef, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, IntoIden,
        IntoTableRef, Table,
    },
};

use crate::{Migration, m20261122_000001_users::AuthUsers};

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261130_000016_second_factors",
    up,
    down,
};

#[derive(Clone, Copy, DeriveIden)]
enum Users {
    #[sea_orm(iden = "auth_users")]
    Table,
    SecondFactors,
    FactorVersion,
}

#[derive(Clone, Copy, DeriveIden)]
enum AuthSessions {
    Table,
    SecondFactorAt,
}

#[derive(Clone, Copy, DeriveIden)]
enum AuthFactors {
    Table,
    Id,
    UserId,
    SessionId,
    Name,
    Secret,
    LastStep,
    CreatedAt,
    ExpiresAt,
    ConfirmedAt,
    LastUsedAt,
}

#[derive(Clone, Copy, DeriveIden)]
enum AuthRecoveryCodes {
    Table,
    UserId,
    Digest,
}

#[derive(Clone, Copy, DeriveIden)]
enum AuthDevices {
    Table,
    Id,
    UserId,
    CredentialVersion,
    FactorVersion,
    UserAgent,
    CreatedAt,
    LastUsedAt,
    ExpiresAt,
}

#[derive(Clone, Copy, DeriveIden)]
enum AuthChallenges {
    Table,
    Id,
    Purpose,
    UserId,
    CredentialVersion,
    FactorVersion,
    Methods,
    Provider,
    FactorId,
    Attempts,
    CreatedAt,
    ExpiresAt,
    SpentAt,
}

fn up(backend: DbBackend) -> Vec<Statement> {
    let mut statements: Vec<Statement> = [
        ColumnDef::new(Users::SecondFactors)
            .integer()
            .not_null()
            .default(0)
            .take(),
        ColumnDef::new(Users::FactorVersion)
            .big_integer()
            .not_null()
            .default(0)
            .take(),
    ]
    .map(|column| {
        let alter = Table::alter().table(Users::Table).add_column(column).take();
        backend.build(&alter)
    })
    .into();
    let strong = Table::alter()
        .table(AuthSessions::Table)
        .add_column(time(AuthSessions::SecondFactorAt))
        .take();
    statements.push(backend.build(&strong));
    for table in [factors(), recovery_codes(), devices(), challenges()] {
        statements.push(backend.build(&table));
    }
    let indexes = [
        Index::create()
            .name("auth_factors_user_id")
            .table(AuthFactors::Table)
            .col(AuthFactors::UserId)
            .take(),
        Index::create()
            .name("auth_devices_user_id")
            .table(AuthDevices::Table)
            .col(AuthDevices::UserId)
            .take(),
        Index::create()
            .name("auth_challenges_user_id")
            .table(AuthChallenges::Table)
            .col(AuthChallenges::UserId)
            .take(),
    ];
    statements.extend(indexes.iter().map(|index| backend.build(index)));
    statements
}

fn factors() -> sea_orm::sea_query::TableCreateStatement {
    Table::create()
        .table(AuthFactors::Table)
        .col(id(AuthFactors::Id))
        .col(ColumnDef::new(AuthFactors::UserId).uuid().not_null())
        .col(ColumnDef::new(AuthFactors::SessionId).uuid())
        .col(ColumnDef::new(AuthFactors::Name).text())
        .col(ColumnDef::new(AuthFactors::Secret).binary().not_null())
        .col(ColumnDef::new(AuthFactors::LastStep).big_integer())
        .col(time(AuthFactors::CreatedAt).not_null())
        .col(time(AuthFactors::ExpiresAt).not_null())
        .col(time(AuthFactors::ConfirmedAt))
        .col(time(AuthFactors::LastUsedAt))
        .foreign_key(&mut of_user(AuthFactors::Table, AuthFactors::UserId))
        .take()
}

fn recovery_codes() -> sea_orm::sea_query::TableCreateStatement {
    Table::create()
        .table(AuthRecoveryCodes::Table)
        .col(ColumnDef::new(AuthRecoveryCodes::UserId).uuid().not_null())
        .col(
            ColumnDef::new(AuthRecoveryCodes::Digest)
                .binary()
                .not_null(),
        )
        .primary_key(
            Index::create()
                .col(AuthRecoveryCodes::UserId)
                .col(AuthRecoveryCodes::Digest),
        )
        .foreign_key(&mut of_user(
            AuthRecoveryCodes::Table,
            AuthRecoveryCodes::UserId,
        ))
        .take()
}

fn devices() -> sea_orm::sea_query::TableCreateStatement {
    Table::create()
        .table(AuthDevices::Table)
        .col(id(AuthDevices::Id))
        .col(ColumnDef::new(AuthDevices::UserId).uuid().not_null())
        .col(version(AuthDevices::CredentialVersion))
        .col(version(AuthDevices::FactorVersion))
        .col(ColumnDef::new(AuthDevices::UserAgent).text())
        .col(time(AuthDevices::CreatedAt).not_null())
        .col(time(AuthDevices::LastUsedAt).not_null())
        .col(time(AuthDevices::ExpiresAt).not_null())
        .foreign_key(&mut of_user(AuthDevices::Table, AuthDevices::UserId))
        .take()
}

fn challenges() -> sea_orm::sea_query::TableCreateStatement {
    Table::create()
        .table(AuthChallenges::Table)
        .col(id(AuthChallenges::Id))
        .col(ColumnDef::new(AuthChallenges::Purpose).text().not_null())
        .col(ColumnDef::new(AuthChallenges::UserId).uuid().not_null())
        .col(version(AuthChallenges::CredentialVersion))
        .col(version(AuthChallenges::FactorVersion))
        .col(ColumnDef::new(AuthChallenges::Methods).text().not_null())
        .col(ColumnDef::new(AuthChallenges::Provider).text())
        .col(ColumnDef::new(AuthChallenges::FactorId).uuid())
        .col(
            ColumnDef::new(AuthChallenges::Attempts)
                .integer()
                .not_null(),
        )
        .col(time(AuthChallenges::CreatedAt).not_null())
        .col(time(AuthChallenges::ExpiresAt).not_null())
        .col(time(AuthChallenges::SpentAt))
        .foreign_key(&mut of_user(AuthChallenges::Table, AuthChallenges::UserId))
        .take()
}

fn down(backend: DbBackend) -> Vec<Statement> {
    let tables = [
        Table::drop().table(AuthChallenges::Table).take(),
        Table::drop().table(AuthDevices::Table).take(),
        Table::drop().table(AuthRecoveryCodes::Table).take(),
        Table::drop().table(AuthFactors::Table).take(),
    ];
    let columns = [
        Table::alter()
            .table(AuthSessions::Table)
            .drop_column(AuthSessions::SecondFactorAt)
            .take(),
        Table::alter()
            .table(Users::Table)
            .drop_column(Users::FactorVersion)
            .take(),
        Table::alter()
            .table(Users::Table)
            .drop_column(Users::SecondFactors)
            .take(),
    ];
    let tables = tables.iter().map(|table| backend.build(table));
    let columns = columns.iter().map(|column| backend.build(column));
    tables.chain(columns).collect()
}

fn id(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column)
        .uuid()
        .not_null()
        .primary_key()
        .take()
}

fn version(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).big_integer().not_null().take()
}

fn time(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).timestamp_with_time_zone().take()
}

/// When a user is deleted, the user's rows here are deleted as well.
fn of_user(table: impl IntoTableRef, column: impl IntoIden) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to(AuthUsers::Table, AuthUsers::Id)
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}
