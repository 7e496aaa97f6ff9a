//! The database migrations of hallpass, for Postgres and SQLite.
//!
//! The migrations keep their own history table, `auth_migrations`, so that they can share a database with the
//! migrations of a host. Any number of instances may start together on a fresh database. One of them migrates, and the
//! others wait for it.

mod columns;
mod history;
mod m20261122_000001_users;
mod m20261122_000002_sessions;
mod m20261122_000003_one_time_tokens;
mod m20261122_000004_outbox;
mod m20261122_000005_events;
mod m20261122_000006_reauthentication;
mod m20261122_000007_user_lists;
mod m20261122_000008_outbox;
mod m20261122_000009_limits;
mod m20261122_000010_oauth;
mod m20261129_000011_proven_addresses;
mod m20261129_000012_ordered_mail;
mod m20261129_000013_session_cap;
mod m20261129_000014_limit_keys;
mod m20261130_000015_session_methods;
mod m20261130_000016_second_factors;
mod m20261130_000017_browser_sessions;
mod m20261201_000018_session_codes;
mod m20261201_000019_signing_keys;
mod migrator;

pub use self::migrator::{MigrationStatus, down, status, up};

/// One migration, with the statements that apply it and those that revert it. Both databases share
/// the SQL wherever possible.
struct Migration {
    name: &'static str,
    up: fn(sea_orm::DbBackend) -> Vec<sea_orm::Statement>,
    down: fn(sea_orm::DbBackend) -> Vec<sea_orm::Statement>,
}

/// Every migration, the oldest first. A released migration never changes; a correction is a new migration at the end.
const MIGRATIONS: &[Migration] = &[
    m20261122_000001_users::MIGRATION,
    m20261122_000002_sessions::MIGRATION,
    m20261122_000003_one_time_tokens::MIGRATION,
    m20261122_000004_outbox::MIGRATION,
    m20261122_000005_events::MIGRATION,
    m20261122_000006_reauthentication::MIGRATION,
    m20261122_000007_user_lists::MIGRATION,
    m20261122_000008_outbox::MIGRATION,
    m20261122_000009_limits::MIGRATION,
    m20261122_000010_oauth::MIGRATION,
    m20261129_000011_proven_addresses::MIGRATION,
    m20261129_000012_ordered_mail::MIGRATION,
    m20261129_000013_session_cap::MIGRATION,
    m20261129_000014_limit_keys::MIGRATION,
    m20261130_000015_session_methods::MIGRATION,
    m20261130_000016_second_factors::MIGRATION,
    m20261130_000017_browser_sessions::MIGRATION,
    m20261201_000018_session_codes::MIGRATION,
    m20261201_000019_signing_keys::MIGRATION,
];
