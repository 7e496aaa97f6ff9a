//! Which users need a second factor, and which proofs suffice.

use std::str::FromStr;

use crate::{
    token::{Method, Methods},
    user::{Role, Roles},
};

/// Which users must have a second factor. A user who has one is prompted for it under every policy.
///
/// ```
/// use hallpass::{second_factor::SecondFactorPolicy, user::Role};
///
/// let policy: SecondFactorPolicy = "admins".parse()?;
/// assert_eq!(policy, SecondFactorPolicy::roles([Role::ADMIN]));
/// # Ok::<(), hallpass::second_factor::UnknownSecondFactorPolicy>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecondFactorPolicy {
    /// No user is required to have a second factor.
    #[default]
    Optional,
    /// Users with at least one of these roles.
    Roles(Roles),
    /// All users.
    Everyone,
}

impl SecondFactorPolicy {
    /// Users with one of these roles must have a second factor.
    pub fn roles(roles: impl IntoIterator<Item = Role>) -> Self {
        Self::Roles(roles.into_iter().collect())
    }

    /// Whether a user with these roles must have a second factor.
    #[must_use]
    pub fn requires(&self, roles: &Roles) -> bool {
        match self {
            Self::Optional => false,
            Self::Roles(bound) => bound.iter().any(|role| roles.contains(role)),
            Self::Everyone => true,
        }
    }

    /// Whether these methods suffice to open a session for a user with these roles. A password and a provider are never
    /// presented together. Methods are therefore multi-factor only with a second factor, or with a provider that is
    /// trusted for two factors.
    pub(crate) fn judge(&self, methods: &Methods, has_factor: bool, roles: &Roles) -> Sufficiency {
        if methods.contains(Method::Mfa) {
            Sufficiency::Enough
        } else if has_factor {
            Sufficiency::Needs
        } else if self.requires(roles) {
            Sufficiency::MustEnrol
        } else {
            Sufficiency::Enough
        }
    }
}

impl FromStr for SecondFactorPolicy {
    type Err = UnknownSecondFactorPolicy;

    /// Reads `optional`, `admins` or `everyone`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "optional" => Ok(Self::Optional),
            "admins" => Ok(Self::roles([Role::ADMIN])),
            "everyone" => Ok(Self::Everyone),
            _ => Err(UnknownSecondFactorPolicy(())),
        }
    }
}

/// The error for a string that does not name a policy.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("expected optional, admins or everyone")]
pub struct UnknownSecondFactorPolicy(());

/// Whether a proof suffices to open a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sufficiency {
    /// It opens a session.
    Enough,
    /// The user has a second factor, and must present it.
    Needs,
    /// The user must enrol a second factor first.
    MustEnrol,
}
