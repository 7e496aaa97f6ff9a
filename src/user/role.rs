use std::{borrow::Cow, collections::BTreeSet, fmt, str::FromStr};

use serde::{Serialize, Serializer};

const MAX_LEN: usize = 64;

/// A role: 1 to 64 characters of `a-z`, `0-9`, `_`, `-`, `.` and `:`, a letter first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(Cow<'static, str>);

impl Role {
    /// May use the administrators' endpoints.
    pub const ADMIN: Self = Self(Cow::Borrowed("admin"));
    /// Every account has it.
    pub const USER: Self = Self(Cow::Borrowed("user"));

    /// A role whose name is written in the code.
    ///
    /// # Panics
    /// If it is not the name of a role: when the program is compiled, for a constant.
    #[must_use]
    #[allow(clippy::panic, reason = "a constant of the program is wrong")]
    pub const fn from_static(name: &'static str) -> Self {
        if !is_name(name.as_bytes()) {
            panic!("not the name of a role");
        }
        Self(Cow::Borrowed(name))
    }

    /// The name of the role.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        // Nearly every role is one of these two, and the others need memory of their own.
        match name {
            "admin" => Ok(Self::ADMIN),
            "user" => Ok(Self::USER),
            _ if is_name(name.as_bytes()) => Ok(Self(Cow::Owned(name.to_owned()))),
            _ => Err(InvalidRole(())),
        }
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "a constant function has no iterators; the index is below the length"
)]
const fn is_name(name: &[u8]) -> bool {
    let mut index = 0;
    while index < name.len() {
        let letter = name[index].is_ascii_lowercase();
        let other = matches!(name[index], b'0'..=b'9' | b'_' | b'-' | b'.' | b':');
        if !letter && (index == 0 || !other) {
            return false;
        }
        index += 1;
    }
    !name.is_empty() && name.len() <= MAX_LEN
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The text is not the name of a role.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a role is 1 to 64 characters of a-z, 0-9, `_`, `-`, `.` and `:`, a letter first")]
pub struct InvalidRole(());

/// A set of roles, sorted by name.
///
/// ```
/// use hallpass::{Role, Roles};
///
/// let roles: Roles = [Role::USER, Role::ADMIN].into_iter().collect();
/// assert!(roles.contains(&Role::ADMIN));
/// assert_eq!(roles.to_string(), "admin user");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Whether the role is in the set.
    #[must_use]
    pub fn contains(&self, role: &Role) -> bool {
        self.0.contains(role)
    }

    /// The roles, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.0.iter()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, role) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            role.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Roles {
    type Err = InvalidRole;

    /// Reads names separated by spaces.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_ascii_whitespace().map(str::parse).collect()
    }
}
