use async_trait::async_trait;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use super::{EmailAddress, Locale, Role, Roles, User, UserChange, UserId, UserStatus};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{Author, Event},
    outbox::Intent,
    secret::PasswordHash,
};

/// Keeps users. Part of [`Store`](crate::store::Store).
#[async_trait]
pub trait UserStore: std::fmt::Debug + Send + Sync {
    /// Adds a user.
    ///
    /// # Contract
    /// Of any number of concurrent calls with one canonical address exactly one is [`InsertUser::Inserted`] (I4).
    /// `credential_version` starts at 0. The event and `mail` are written with the user; with
    /// [`InsertUser::EmailTaken`], only what is in `if_taken` is, by as many statements.
    ///
    /// # Errors
    /// If the database fails.
    async fn insert_user(
        &self,
        user: &NewUser,
        event: &Event,
        mail: Option<&Intent>,
        if_taken: Option<(&Intent, &Event)>,
    ) -> Result<InsertUser, StoreError>;

    /// Adds an administrator, if there is none.
    ///
    /// # Contract
    /// One fact: the user is added, and the event written, only if at that moment there is no active
    /// [administrator](User::is_administrator) at all, and the address is free. Of any number of concurrent calls,
    /// whatever their addresses, one at most is [`FirstAdministrator::Inserted`].
    ///
    /// # Errors
    /// If the database fails.
    async fn insert_first_administrator(
        &self,
        user: &NewUser,
        event: &Event,
    ) -> Result<FirstAdministrator, StoreError>;

    /// The user with this identifier.
    ///
    /// # Errors
    /// If the database fails.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this canonical address, with what a password check needs.
    ///
    /// # Contract
    /// Finds disabled users too: the caller says so only after the right password.
    ///
    /// # Errors
    /// If the database fails.
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// Users by descending id, at most `limit`, those below `after` if it is given.
    ///
    /// # Contract
    /// A page costs the same at any depth. The prefix is compared literally.
    ///
    /// # Errors
    /// If the database fails.
    async fn list_users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError>;

    /// Changes what users say about themselves, and gives the user as they then are; `None` if there is none.
    ///
    /// # Contract
    /// One statement; what is not in the change stays as it is at that moment. Sets `updated_at`.
    ///
    /// # Errors
    /// If the database fails.
    async fn update_profile(
        &self,
        id: UserId,
        change: &ProfileChange,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// Changes a user, and gives them as they then are.
    ///
    /// # Contract
    /// What [`UserChange::apply`](super::UserChange::apply) makes of the user is written with its events, and nobody
    /// else writes the user between the two; a change that changes nothing writes nothing. Disabling raises
    /// `credential_version`: every session and one-time token of the user is dead from then on, and stays so when the
    /// user is made active again. However many calls run at once, of this method and of
    /// [`delete_user`](Self::delete_user), one [administrator](User::is_administrator) is left if there was one.
    ///
    /// # Errors
    /// If the database fails.
    async fn update_user(
        &self,
        id: UserId,
        change: &UserChange,
        author: &Author,
        now: Timestamp,
    ) -> Result<UpdateUser, StoreError>;

    /// Deletes a user, if their `credential_version` is still this one or none is given.
    ///
    /// # Contract
    /// Sessions and one-time tokens of the user go with them, the address is free at once, and the event is written.
    /// The last [administrator](User::is_administrator) stays, as with [`update_user`](Self::update_user).
    ///
    /// # Errors
    /// If the database fails.
    async fn delete_user(
        &self,
        id: UserId,
        credential_version: Option<i64>,
        event: &Event,
    ) -> Result<DeleteUser, StoreError>;
}

/// What users change about themselves. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ProfileChange {
    /// The name to show, or none any more: at most 200 code points, no control characters.
    pub display_name: Option<Option<String>>,
    /// The host's own JSON object, replaced whole. No NUL in it, which Postgres does not keep.
    pub metadata: Option<Map<String, Value>>,
}

impl ProfileChange {
    /// A change of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name to show.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(Some(name.into()));
        self
    }

    /// Takes the name to show away.
    #[must_use]
    pub fn without_display_name(mut self) -> Self {
        self.display_name = Some(None);
        self
    }

    /// Replaces the host's own JSON object.
    #[must_use]
    pub fn metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.display_name.is_none() && self.metadata.is_none()
    }
}

/// A user to be added. Active, without metadata.
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
    /// When the address was shown to be the user's, if it was.
    pub email_verified_at: Option<Timestamp>,
    /// The password hash; `None` for an account without a password.
    pub password_hash: Option<PasswordHash>,
    /// The roles.
    pub roles: Roles,
    /// The name to show.
    pub display_name: Option<String>,
    /// The language to write to the user in, if it is known.
    pub locale: Option<Locale>,
    /// When the account is made.
    pub created_at: Timestamp,
}

impl NewUser {
    /// The user as a store has it once it is added.
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

/// What became of an insert.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third outcome would be a change of contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum InsertUser {
    /// Added.
    Inserted(User),
    /// The canonical address has an account already; no user was written.
    EmailTaken,
}

/// The outcome of adding the first administrator.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a further outcome would be a change of contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum FirstAdministrator {
    /// There is no administrator, and the canonical address has an account; nothing was written.
    EmailTaken,
    /// Added.
    Inserted(User),
    /// There is an active administrator; nothing was written.
    NotFirst,
}

/// What became of a change.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a further outcome would be a change of contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum UpdateUser {
    /// The user as they are now, and the events that were written.
    Updated(User, Vec<Event>),
    /// It would have left no administrator; nothing was written.
    LastAdmin,
    /// There is no such user.
    NotFound,
}

/// What became of a deletion.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a further outcome would be a change of contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum DeleteUser {
    /// The user as they were.
    Deleted(User),
    /// It would have left no administrator; nothing was deleted.
    LastAdmin,
    /// There is no such user.
    NotFound,
    /// The credentials have changed since; nothing was deleted.
    Stale,
}

/// A user with what a password check needs.
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
    /// Goes up whenever the credentials change.
    pub credential_version: i64,
}

/// Which users to list. The default is all of them.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct UserFilter {
    /// Only addresses that begin so.
    pub email: Option<EmailPrefix>,
    /// Only users with this role.
    pub role: Option<Role>,
    /// Only users with this status.
    pub status: Option<UserStatus>,
}

/// The beginning of a canonical address: literal, `%` and `_` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailPrefix(String);

impl EmailPrefix {
    /// Folds the text as an address is folded: what follows an `@` becomes A-labels where it is a whole domain.
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

    /// The folded prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
