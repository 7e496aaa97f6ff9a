//! Role names.

use super::name::names;

names! {
    "role", often "admin", often "user";
    /// A role: 1 to 64 characters of `a-z`, `0-9`, `_`, `-`, `.` and `:`, beginning with a letter.
    Role,
    /// The text is not the name of a role.
    InvalidRole,
    /// A set of roles, sorted by name.
    ///
    /// ```
    /// use hallpass::user::{Role, Roles};
    ///
    /// let roles: Roles = [Role::USER, Role::ADMIN].into_iter().collect();
    /// assert!(roles.contains(&Role::ADMIN));
    /// assert_eq!(roles.to_string(), "admin user");
    /// ```
    Roles,
}

impl Role {
    /// The role of administrators, who may use the administrative endpoints.
    pub const ADMIN: Self = Self::from_static("admin");
    /// The role that a user gets by registering.
    pub const USER: Self = Self::from_static("user");
}
