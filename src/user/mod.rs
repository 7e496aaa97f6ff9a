//! Users: their address, roles and status, and the store of users.

mod change;
#[cfg(feature = "http")]
pub(crate) mod http;
mod label;
mod locale;
mod name;
mod page;
mod permission;
mod record;
mod role;

use serde_json::{Map, Value};

pub(crate) use self::label::{check_display_name, check_label};
pub use self::{
    change::{AppliedChange, ChangedUser, SeenUser, UserChange},
    locale::{InvalidLocale, Locale},
    page::{Page, UserQuery},
    permission::{InvalidPermission, Permission, Permissions, RolePermissions},
    record::{
        Credentials, DeleteUser, EmailPrefix, FirstAdministrator, InsertUser, NewUser,
        ProfileChange, UpdateUser, UserFilter,
    },
    role::{InvalidRole, Role, Roles},
};
use crate::clock::Timestamp;
pub use crate::{
    email::{EmailAddress, InvalidEmail},
    id::UserId,
};

/// A user, as use cases and endpoints see them. The value never contains a password hash.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct User {
    /// The identifier, which never changes.
    pub id: UserId,
    /// The address, as given at registration.
    pub email: EmailAddress,
    /// When the address was verified.
    pub email_verified_at: Option<Timestamp>,
    /// The roles, sorted.
    pub roles: Roles,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// The display name.
    pub display_name: Option<String>,
    /// The language of emails to the user, if known.
    pub locale: Option<Locale>,
    /// A JSON object that the host defines.
    pub metadata: Map<String, Value>,
    /// When the account was created.
    pub created_at: Timestamp,
    /// When the account was last changed; signing in is not a change.
    pub updated_at: Timestamp,
    /// When a session was last opened.
    pub last_login_at: Option<Timestamp>,
}

impl User {
    /// Whether the user can act as an administrator: active, with the role `admin`.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.status == UserStatus::Active && self.roles.contains(&Role::ADMIN)
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third state would change the contract"
)]
pub enum UserStatus {
    /// The user may sign in.
    Active,
    /// The user may not sign in, their sessions are not live, and no email is sent to them.
    Disabled,
}

impl UserStatus {
    /// The string used in replies and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl std::str::FromStr for UserStatus {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err(InvalidStatus(())),
        }
    }
}

/// The text is neither `active` nor `disabled`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the status must be `active` or `disabled`")]
pub struct InvalidStatus(());
