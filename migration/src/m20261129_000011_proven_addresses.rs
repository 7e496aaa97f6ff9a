//! Addresses that only an untrusted provider asserted become unverified.

use sea_orm::{DbBackend, Statement};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261129_000011_proven_addresses",
    up,
    down,
};

/// From here on `email_verified_at` alone says that an address is proven. Before, `auth_identities.unproven` marked an
/// address that only a provider asserted that is not trusted for it.
///
/// That version verified an account of a provider at the moment it was made. A proof by a link or an administrator came
/// later; a reset left the time alone. So an account keeps its proof if it came later, or if the identity it was made
/// with is there and not marked. Without that identity, it was unlinked, or removed by a reset that left other
/// identities of the previous holder. Such an account proves its address once more: by a link, or by a takeover, which
/// clears it.
///
/// The column stays, unused and false, because the version before reads and writes it. An account that such an instance
/// makes after this step on an untrusted word counts as proven, and its identity is marked: the migration that drops
/// the column repeats the first statement.
const UP: [&str; 3] = [
    "UPDATE auth_users SET email_verified_at = NULL \
    WHERE email_verified_at = created_at AND EXISTS (\
        SELECT 1 FROM auth_identities i WHERE i.user_id = auth_users.id AND i.unproven)",
    "UPDATE auth_users SET email_verified_at = NULL \
    WHERE email_verified_at = created_at AND EXISTS (\
        SELECT 1 FROM auth_events e \
        WHERE e.user_id = auth_users.id AND e.type = 'account_created' AND e.detail->>'provider' IS NOT NULL \
            AND NOT EXISTS (\
                SELECT 1 FROM auth_identities i \
                WHERE i.user_id = auth_users.id AND i.created_at = e.created_at))",
    "UPDATE auth_identities SET unproven = FALSE WHERE unproven",
];

fn up(backend: DbBackend) -> Vec<Statement> {
    UP.map(|sql| Statement::from_string(backend, sql)).into()
}

/// Nothing: to the version before, an account without `email_verified_at` is not proven either.
fn down(_: DbBackend) -> Vec<Statement> {
    Vec::new()
}
