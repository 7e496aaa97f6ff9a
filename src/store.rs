//! The sum of the store traits on one database.

use async_trait::async_trait;

use crate::error::StoreError;
pub use crate::{event::EventStore, mail::OutboxStore, token::TokenStore, user::UserStore};

/// Everything Hallpass keeps, on one database, because facts span the parts: a rotation joins the user, a reset
/// touches users, sessions and tokens. A host replaces all of it or none.
#[async_trait]
pub trait Store: UserStore + TokenStore + OutboxStore + EventStore {
    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if there is none.
    async fn ping(&self) -> Result<(), StoreError>;
}
