//! Addresses that only an untrusted provider asserted become unverified.

use sea_orm::{DbBackend, Statement};

use crate::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "m20261129_000011_proven_addresses",
    up,
    down,
};

/// From this migration on, only `email_verified_at` records that an address is proven. Before,
/// `auth_identities.unproven` marked an address that was asserted only by a provider that is not
/// trusted for it.
///
/// When an account was created through a provider, the previous version set `email_verified_at` to
/// the creation time of the account. A verification link or an administrator set a later time. A
/// password reset did not change a time that was already set. An account therefore stays verified
/// if that time is later than its creation, or if the identity with which the account was created
/// still exists and is not marked. If that identity is missing, it was unlinked, or a reset removed
/// it but left other identities of the previous holder. In all other cases, the address becomes
/// unverified, and its owner has to prove it again, by a link or by a takeover, which clears the
/// account.
///
/// The column `unproven` stays, unused and false, because the previous version reads and writes it.
/// After this migration, an instance of the previous version may create an account whose address
/// only an untrusted provider asserted. This version counts that address as proven, although the
/// identity is marked. The migration that drops the column has to repeat the first statement of
/// this one.
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

/// Changes nothing, because an account without `email_verified_at` counts as unproven in the
/// previous version, too.
fn down(_: DbBackend) -> Vec<Statement> {
    Vec::new()
}
