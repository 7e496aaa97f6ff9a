//! The sum of the store traits on one database, and its adapters: one folder per technology, and the checks that hold
//! all of them to one contract.

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
mod gate;
pub mod memory;
#[cfg(all(feature = "seaorm", any(feature = "postgres", feature = "sqlite")))]
pub mod seaorm;

use async_trait::async_trait;

#[cfg(any(test, feature = "testing"))]
pub use self::gate::{Gate, Passage};
use crate::error::{Result, StoreError};
pub use crate::{
    event::EventStore,
    identity::IdentityStore,
    limit::{LimitKeyStore, Limiter},
    mail::OutboxStore,
    purge::{PurgeBatch, PurgeStore},
    token::{AddressStore, TokenStore},
    user::UserStore,
};

/// Everything Hallpass keeps, on one database, because facts span the parts: a rotation joins the user, a reset
/// touches users, sessions and tokens. A host replaces all of it or none.
#[async_trait]
pub trait Store:
    UserStore
    + TokenStore
    + AddressStore
    + IdentityStore
    + OutboxStore
    + EventStore
    + Limiter
    + LimitKeyStore
    + PurgeStore
{
    /// Proves that the database takes writes, and keeps them: writes a row of no meaning, and commits it. Where it is a file,
    /// that file is still the one at its path. It waits no longer than a call waits for a connection.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not, and [`StoreError::Schema`] while migrations are pending.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A transaction that a host has opened on the database of its store; see [`Auth::within`](crate::Auth::within).
///
/// `sea_orm::DatabaseTransaction` is one, with the feature `postgres` or `sqlite`.
pub trait Transaction: Send + Sync {
    /// The store inside this transaction: it commits nothing.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if there is no store for such a database.
    fn store(&self) -> Result<Box<dyn Store + '_>>;
}
