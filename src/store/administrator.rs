//! The store trait for administration.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{Author, Event},
    user::{DeleteUser, FirstAdministrator, NewUser, SeenUser, UpdateUser, UserChange, UserId},
};

/// Adds the first administrator, and changes and deletes users on behalf of administrators. The
/// store protects the last administrator by checking, in the same step as each change, that an
/// administrator remains. This trait is part of [`Store`](crate::store::Store).
#[async_trait]
pub trait AdministratorStore: std::fmt::Debug + Send + Sync {
    /// Adds an administrator if there is none yet.
    ///
    /// # Contract
    /// The call is atomic. The user is added and the event is written only if, at the moment of the
    /// insert, there is no active [administrator](crate::user::User::is_administrator) and the
    /// address is free. Of any number of concurrent calls, with any addresses, at most one returns
    /// [`FirstAdministrator::Inserted`].
    ///
    /// # Errors
    /// If the database fails.
    async fn insert_first_administrator(
        &self,
        user: &NewUser,
        event: &Event,
    ) -> Result<FirstAdministrator, StoreError>;

    /// Changes a user, and returns the changed user. If `seen` is given, another change must not have replaced a value
    /// that this change would replace.
    ///
    /// # Contract
    /// The result of [`UserChange::apply`](crate::user::UserChange::apply) is written with its events, and no other
    /// call writes the user between the read and the write. If the change has no effect, or another change has replaced
    /// a value in `seen` that this change would replace, nothing is written. Disabling a user increments
    /// `credential_version`, so that all of the user's sessions and one-time tokens become void. These sessions and
    /// tokens stay void if the user is enabled again, except for tokens of purpose
    /// [`VerifyEmail`](crate::token::Purpose::VerifyEmail). Under any number of concurrent calls of this method and of
    /// [`delete_user`](Self::delete_user), at least one [administrator](crate::user::User::is_administrator) remains if
    /// there was one before.
    ///
    /// # Errors
    /// If the database fails.
    async fn update_user(
        &self,
        id: UserId,
        change: &UserChange,
        seen: Option<&SeenUser>,
        author: &Author,
        now: Timestamp,
    ) -> Result<UpdateUser, StoreError>;

    /// Deletes a user. If a `credential_version` is given, the user must still have it.
    ///
    /// # Contract
    /// The user's sessions and one-time tokens are deleted as well, the address can be used again
    /// immediately, and the event is written. The last
    /// [administrator](crate::user::User::is_administrator) cannot be deleted; see
    /// [`update_user`](Self::update_user).
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
