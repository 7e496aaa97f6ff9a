//! The index for the cap on sessions per user.

use sea_orm::{DbBackend, Statement};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261129_000013_session_cap",
    up,
    down,
};

/// The index covers only open sessions, which a sign-in reads, because most stored sessions have
/// ended. A refresh changes no indexed column, so it stays a heap-only update.
fn up(backend: DbBackend) -> Vec<Statement> {
    let sql = "CREATE INDEX auth_sessions_open ON auth_sessions (user_id) WHERE revoked_at IS NULL";
    vec![Statement::from_string(backend, sql)]
}

fn down(backend: DbBackend) -> Vec<Statement> {
    vec![Statement::from_string(
        backend,
        "DROP INDEX auth_sessions_open",
    )]
}
