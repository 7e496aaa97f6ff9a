//! The tables for provider identities and provider sign-in flows.

use sea_orm::{
    DbBackend, DeriveIden, Statement,
    sea_query::{ColumnDef, ForeignKey, ForeignKeyAction, Index, IntoIden, Table},
};

use crate::{Migration, m20261122_000001_users::AuthUsers};

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000010_oauth",
    up,
    down,
};

#[derive(DeriveIden)]
enum AuthIdentities {
    Table,
    Id,
    UserId,
    Issuer,
    Subject,
    Provider,
    Email,
    Unproven,
    CreatedAt,
}

#[derive(DeriveIden)]
enum AuthOauthFlows {
    Table,
    State,
    Binding,
    Provider,
    Intent,
    RedirectTo,
    AppState,
    Challenge,
    CreatedAt,
    ExpiresAt,
    TakenAt,
    Code,
    CodeExpiresAt,
    CodeUsedAt,
    UserId,
    CredentialVersion,
    Assertion,
}

fn up(backend: DbBackend) -> Vec<Statement> {
    let identities = Table::create()
        .table(AuthIdentities::Table)
        .col(
            ColumnDef::new(AuthIdentities::Id)
                .uuid()
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new(AuthIdentities::UserId).uuid().not_null())
        .col(text(AuthIdentities::Issuer).not_null())
        .col(text(AuthIdentities::Subject).not_null())
        .col(text(AuthIdentities::Provider).not_null())
        .col(text(AuthIdentities::Email))
        .col(
            ColumnDef::new(AuthIdentities::Unproven)
                .boolean()
                .not_null(),
        )
        .col(time(AuthIdentities::CreatedAt).not_null())
        .index(
            Index::create()
                .unique()
                .name("auth_identities_issuer_subject")
                .col(AuthIdentities::Issuer)
                .col(AuthIdentities::Subject),
        )
        .foreign_key(
            ForeignKey::create()
                .from(AuthIdentities::Table, AuthIdentities::UserId)
                .to(AuthUsers::Table, AuthUsers::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    let identities_by_user = Index::create()
        .name("auth_identities_user_id")
        .table(AuthIdentities::Table)
        .col(AuthIdentities::UserId)
        .take();
    let flows = Table::create()
        .table(AuthOauthFlows::Table)
        .col(
            ColumnDef::new(AuthOauthFlows::State)
                .binary()
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new(AuthOauthFlows::Binding).binary().not_null())
        .col(text(AuthOauthFlows::Provider).not_null())
        .col(text(AuthOauthFlows::Intent).not_null())
        .col(text(AuthOauthFlows::RedirectTo).not_null())
        .col(text(AuthOauthFlows::AppState))
        .col(text(AuthOauthFlows::Challenge).not_null())
        .col(time(AuthOauthFlows::CreatedAt).not_null())
        .col(time(AuthOauthFlows::ExpiresAt).not_null())
        .col(time(AuthOauthFlows::TakenAt))
        .col(ColumnDef::new(AuthOauthFlows::Code).binary().unique_key())
        .col(time(AuthOauthFlows::CodeExpiresAt))
        .col(time(AuthOauthFlows::CodeUsedAt))
        .col(ColumnDef::new(AuthOauthFlows::UserId).uuid())
        .col(ColumnDef::new(AuthOauthFlows::CredentialVersion).big_integer())
        .col(ColumnDef::new(AuthOauthFlows::Assertion).json_binary())
        .foreign_key(
            ForeignKey::create()
                .from(AuthOauthFlows::Table, AuthOauthFlows::UserId)
                .to(AuthUsers::Table, AuthUsers::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    // The database needs this index when a user is deleted, to find the flows with a code for that
    // user.
    let flows_by_user = Index::create()
        .name("auth_oauth_flows_user_id")
        .table(AuthOauthFlows::Table)
        .col(AuthOauthFlows::UserId)
        .take();
    vec![
        backend.build(&identities),
        backend.build(&identities_by_user),
        backend.build(&flows),
        backend.build(&flows_by_user),
    ]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![
        backend.build(&Table::drop().table(AuthOauthFlows::Table).take()),
        backend.build(&Table::drop().table(AuthIdentities::Table).take()),
    ]
}

fn text(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).text().take()
}

fn time(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).timestamp_with_time_zone().take()
}
