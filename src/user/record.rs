//! User records.

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use super::{EmailAddress, Locale, Role, Roles, User, UserId, UserStatus};
use crate::{clock::Timestamp, event::Event, secret::PasswordHash};

/// A user's changes to their own profile. Members that are `None` stay unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ProfileChange {
    /// The display name, at most 200 code points without control characters; `Some(None)` removes it.
    pub display_name: Option<Option<String>>,
    /// The JSON object that the host defines, replaced as a whole. It must not contain NUL, which Postgres cannot
    /// store.
    pub metadata: Option<Map<String, Value>>,
}

impl ProfileChange {
    /// An empty change.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the display name.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(Some(name.into()));
        self
    }

    /// Removes the display name.
    #[must_use]
    pub fn without_display_name(mut self) -> Self {
        self.display_name = Some(None);
        self
    }

    /// Replaces the JSON object that the host defines.
    #[must_use]
    pub fn metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Whether the change is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.display_name.is_none() && self.metadata.is_none()
    }
}

/// A user to be added: active and without metadata.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct NewUser {
    /// The identifier.
    pub id: UserId,
    /// The address.
    pub email: EmailAddress,
    /// When the address was verified, if it was.
    pub email_verified_at: Option<Timestamp>,
    /// The password hash; `None` for an account without a password.
    pub password_hash: Option<PasswordHash>,
    /// The roles.
    pub roles: Roles,
    /// The display name.
    pub display_name: Option<String>,
    /// The language of emails to the user, if known.
    pub locale: Option<Locale>,
    /// When the account is created.
    pub created_at: Timestamp,
}

impl NewUser {
    /// The user that a store returns after the insert.
    #[must_use]
    pub fn to_user(&self) -> User {
        User {
            id: self.id,
            email: self.email.clone(),
            email_verified_at: self.email_verified_at,
            roles: self.roles.clone(),
            status: UserStatus::Active,
            display_name: self.display_name.clone(),
            locale: self.locale.clone(),
            metadata: Map::new(),
            created_at: self.created_at,
            updated_at: self.created_at,
            last_login_at: None,
        }
    }
}

/// The outcome of an insert.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum InsertUser {
    /// The user was added.
    Inserted(User),
    /// The canonical address already has an account; no user was written.
    EmailTaken,
}

/// The outcome of adding the first administrator.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum FirstAdministrator {
    /// There is no administrator, and the canonical address has an account; nothing was written.
    EmailTaken,
    /// The administrator was added.
    Inserted(User),
    /// There is an active administrator; nothing was written.
    NotFirst,
}

/// The outcome of a change.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum UpdateUser {
    /// The user with their current data and the events that were written.
    Updated(User, Vec<Event>),
    /// The user with their current data. Another change has replaced a value that the author had seen; nothing was
    /// written.
    Overtaken(User),
    /// The change would have left no administrator; nothing was written.
    LastAdmin,
    /// There is no such user.
    NotFound,
}

/// The outcome of a deletion.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum DeleteUser {
    /// The deleted user.
    Deleted(User),
    /// The deletion would have left no administrator; nothing was deleted.
    LastAdmin,
    /// There is no such user.
    NotFound,
    /// The credentials have changed since they were checked; nothing was deleted.
    Stale,
}

/// A user with the data for a password check.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The password hash; `None` for an account without a password.
    pub password_hash: Option<PasswordHash>,
    /// The version of the credentials, which is incremented whenever they change.
    pub credential_version: i64,
    /// The version of the second factors, which is incremented whenever they change.
    pub factor_version: i64,
    /// The number of confirmed second factors.
    pub second_factors: u32,
}

/// The filter of users. The default matches all users.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct UserFilter {
    /// Only users whose address has this prefix.
    pub email: Option<EmailPrefix>,
    /// Only users with this role.
    pub role: Option<Role>,
    /// Only users with this status.
    pub status: Option<UserStatus>,
}

/// The prefix of a canonical address, taken literally, including `%` and `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailPrefix(String);

impl EmailPrefix {
    /// Normalizes the text in the same way as an address. If the part after an `@` is a whole
    /// domain, that domain is converted to A-labels.
    #[must_use]
    pub fn new(text: &str) -> Self {
        match text.rsplit_once('@') {
            Some((local, domain)) if !domain.is_ascii() => {
                let domain =
                    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
                Self(format!("{}@{domain}", Self::folded(local)))
            }
            _ => Self(Self::folded(text)),
        }
    }

    fn folded(text: &str) -> String {
        text.nfc()
            .collect::<String>()
            .to_lowercase()
            .nfc()
            .collect()
    }

    /// The normalized prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
