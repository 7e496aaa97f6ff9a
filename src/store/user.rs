//! The store trait for users.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::Intent,
    user::{
        Credentials, EmailAddress, InsertUser, NewUser, ProfileChange, User, UserFilter, UserId,
    },
};

/// Keeps users. This trait is part of [`Store`](crate::store::Store).
#[async_trait]
pub trait UserStore: std::fmt::Debug + Send + Sync {
    /// Adds a user.
    ///
    /// # Contract
    /// Of any number of concurrent calls with the same free canonical address, exactly one returns
    /// [`InsertUser::Inserted`] (I4). `credential_version` starts at 0. The event and `mail` are
    /// written together with the user. If the outcome is [`InsertUser::EmailTaken`], only the email
    /// and the event in `if_taken` are written, with the same number of statements.
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

    /// Returns the user with this identifier.
    ///
    /// # Errors
    /// If the database fails.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Returns the user with this canonical address and the data for a password check.
    ///
    /// # Contract
    /// Disabled users are found as well. The caller may reveal that a user is disabled only after
    /// the correct password was presented.
    ///
    /// # Errors
    /// If the database fails.
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// Returns the addresses of these users, at most 100, in any order. Users that do not exist are left out.
    ///
    /// # Errors
    /// If the database fails.
    async fn addresses(&self, ids: &[UserId]) -> Result<Vec<(UserId, EmailAddress)>, StoreError>;

    /// Returns at most `limit` users, in descending order of id. If `after` is given, only users
    /// with a lower id are returned.
    ///
    /// # Contract
    /// The cost of a page does not depend on its position in the list; with an address prefix that
    /// many users have, the call may walk through all users. The address prefix of the filter is
    /// compared literally.
    ///
    /// # Errors
    /// If the database fails.
    async fn list_users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError>;

    /// Changes a user's profile, and returns the changed user; `None` if there is no such user.
    ///
    /// # Contract
    /// The call runs one statement, which also sets `updated_at`. Fields that are not in the change
    /// keep their stored values.
    ///
    /// # Errors
    /// If the database fails.
    async fn update_profile(
        &self,
        id: UserId,
        change: &ProfileChange,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;
}
