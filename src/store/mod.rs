//! The store traits, one in each file, their sum on one database, and the adapters: one folder per technology, and the
//! checks that hold all of them to one contract. A trait has the same file name in each of these folders.

mod address;
mod administrator;
#[cfg(feature = "testing")]
pub mod conformance;
mod dead_letter;
mod event;
mod flow;
#[cfg(any(test, feature = "testing"))]
mod gate;
mod identity;
mod limit_key;
mod limiter;
pub mod memory;
mod one_time_token;
mod outbox;
mod password;
mod purge;
mod rotation;
#[cfg(all(feature = "seaorm", any(feature = "postgres", feature = "sqlite")))]
pub mod seaorm;
mod session;
mod user;

use async_trait::async_trait;

#[cfg(any(test, feature = "testing"))]
pub use self::gate::{Gate, Passage};
pub use self::{
    address::AddressStore,
    administrator::AdministratorStore,
    dead_letter::DeadLetterStore,
    event::EventStore,
    flow::FlowStore,
    identity::IdentityStore,
    limit_key::LimitKeyStore,
    limiter::Limiter,
    one_time_token::OneTimeTokenStore,
    outbox::OutboxStore,
    password::PasswordStore,
    purge::{PurgeBatch, PurgeStore},
    rotation::RotationStore,
    session::SessionStore,
    user::UserStore,
};
use crate::error::{Result, StoreError};

/// Keeps sessions and one-time tokens: the sum of these traits.
pub trait TokenStore: SessionStore + RotationStore + OneTimeTokenStore {}

impl<S: SessionStore + RotationStore + OneTimeTokenStore + ?Sized> TokenStore for S {}

/// The storage of everything that Hallpass keeps, on one database, because facts span the parts: a rotation joins the
/// user, and a reset touches users, sessions and tokens. A host replaces all of it or none.
#[async_trait]
pub trait Store:
    UserStore
    + AdministratorStore
    + TokenStore
    + PasswordStore
    + AddressStore
    + IdentityStore
    + FlowStore
    + OutboxStore
    + DeadLetterStore
    + EventStore
    + Limiter
    + LimitKeyStore
    + PurgeStore
{
    /// Proves that the database accepts and keeps writes: writes a meaningless row and commits it. For a database file,
    /// it also checks that the file is still the one at its path. It waits no longer than a call waits for a
    /// connection.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not accept them, and [`StoreError::Schema`] while migrations are pending.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A transaction that a host has opened on the database of its store; see [`Auth::within`](crate::Auth::within).
///
/// Implemented for `&sea_orm::DatabaseTransaction`, and for `&mut sqlx::Transaction` of Postgres or SQLite, with the
/// feature `postgres` or `sqlite`.
pub trait Transaction<'a> {
    /// The store inside this transaction: it commits nothing.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the store cannot use such a transaction.
    fn into_store(self) -> Result<Box<dyn Store + 'a>>;
}
