//! Indexes for user lists.

use sea_orm::{DbBackend, Statement};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261122_000007_user_lists",
    up,
    down,
};

/// Partial indexes, each over the few users that match a filter, in the order of the list. A
/// sign-in does not change them.
const INDEXES: [(&str, &str); 3] = [
    ("auth_users_administrators", "roles LIKE '% admin %'"),
    ("auth_users_other_roles", "roles <> ' user '"),
    ("auth_users_not_active", "status <> 'active'"),
];

fn up(backend: DbBackend) -> Vec<Statement> {
    INDEXES
        .map(|(name, rows)| format!("CREATE INDEX {name} ON auth_users (id) WHERE {rows}"))
        .map(|sql| Statement::from_string(backend, sql))
        .to_vec()
}

fn down(backend: DbBackend) -> Vec<Statement> {
    INDEXES
        .map(|(name, _)| Statement::from_string(backend, format!("DROP INDEX {name}")))
        .to_vec()
}
