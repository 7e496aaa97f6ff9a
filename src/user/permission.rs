//! Permissions and the permissions of roles.

use std::collections::BTreeMap;

use super::{Role, Roles, name::names};

names! {
    "permission";
    /// A permission, such as `users:read`: 1 to 64 characters of `a-z`, `0-9`, `_`, `-`, `.` and `:`, beginning with a
    /// letter. The colon has no special meaning: `users` does not include `users:read`.
    Permission,
    /// The text is not the name of a permission.
    InvalidPermission,
    /// A set of permissions, sorted by name.
    Permissions,
}

/// The permissions of each role; a role that is not listed has none.
///
/// ```
/// use hallpass::user::{Permission, Role, RolePermissions, Roles};
///
/// const READ: Permission = Permission::from_static("notes:read");
/// const WRITE: Permission = Permission::from_static("notes:write");
/// const EDITOR: Role = Role::from_static("editor");
///
/// let permissions = RolePermissions::new()
///     .grant(Role::USER, [READ])
///     .grant(EDITOR, [READ, WRITE]);
///
/// let roles: Roles = [Role::USER, EDITOR].into_iter().collect();
/// assert_eq!(permissions.of(&roles).to_string(), "notes:read notes:write");
/// assert!(!permissions.allow(&[Role::USER].into_iter().collect(), &WRITE));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RolePermissions(BTreeMap<Role, Permissions>);

impl RolePermissions {
    /// An empty mapping: no role grants a permission, not even [`Role::ADMIN`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds permissions to those that the role grants.
    pub fn grant(mut self, role: Role, permissions: impl IntoIterator<Item = Permission>) -> Self {
        self.0.entry(role).or_default().0.extend(permissions);
        self
    }

    /// The permissions that these roles grant together.
    #[must_use]
    pub fn of(&self, roles: &Roles) -> Permissions {
        roles
            .iter()
            .filter_map(|role| self.0.get(role))
            .flat_map(Permissions::iter)
            .cloned()
            .collect()
    }

    /// Whether one of the roles grants the permission.
    #[must_use]
    pub fn allow(&self, roles: &Roles, permission: &Permission) -> bool {
        roles
            .iter()
            .filter_map(|role| self.0.get(role))
            .any(|permissions| permissions.contains(permission))
    }

    /// The permissions that all roles grant together.
    pub(crate) fn all(&self) -> Permissions {
        self.0
            .values()
            .flat_map(Permissions::iter)
            .cloned()
            .collect()
    }
}
