//! The store traits, their adapters, and checks of their contracts.
//!
//! Each trait has its own file, and each adapter has its own folder. The file for a trait has the same name in every
//! folder, including the folder for the checks.

mod account;
mod address;
mod administrator;
mod browser_session;
mod challenge;
#[cfg(feature = "testing")]
pub mod conformance;
mod dead_letter;
mod device;
mod event;
mod factor;
mod flow;
#[cfg(any(test, feature = "testing"))]
mod gate;
mod identity;
mod limit_key;
mod limiter;
pub mod memory;
mod one_time_token;
mod operator;
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
    account::{AccountOverview, AccountStore, PendingEmail},
    address::AddressStore,
    administrator::AdministratorStore,
    browser_session::BrowserSessionStore,
    challenge::ChallengeStore,
    dead_letter::DeadLetterStore,
    device::DeviceStore,
    event::EventStore,
    factor::FactorStore,
    flow::FlowStore,
    identity::IdentityStore,
    limit_key::LimitKeyStore,
    limiter::Limiter,
    one_time_token::OneTimeTokenStore,
    operator::{AppliedMigration, DayFigures, FIGURE_DAYS, Figures, OperatorStore, StoreCondition},
    outbox::OutboxStore,
    password::PasswordStore,
    purge::{PurgeBatch, PurgeStore},
    rotation::RotationStore,
    session::SessionStore,
    user::UserStore,
};
use crate::error::{Result, StoreError};

/// Combines the traits that keep sessions and one-time tokens.
pub trait TokenStore:
    SessionStore + BrowserSessionStore + RotationStore + OneTimeTokenStore
{
}

impl<S> TokenStore for S where
    S: SessionStore + BrowserSessionStore + RotationStore + OneTimeTokenStore + ?Sized
{
}

/// The storage for all data of Hallpass. All data is in one database, because one call may touch
/// several kinds of data: a rotation reads the user, and a reset changes users, sessions and
/// tokens. A host therefore replaces the whole store or none of it; only the [`Limiter`] can be
/// replaced separately.
#[async_trait]
pub trait Store:
    UserStore
    + AccountStore
    + AdministratorStore
    + TokenStore
    + PasswordStore
    + AddressStore
    + FactorStore
    + ChallengeStore
    + DeviceStore
    + IdentityStore
    + FlowStore
    + OutboxStore
    + DeadLetterStore
    + EventStore
    + OperatorStore
    + Limiter
    + LimitKeyStore
    + PurgeStore
{
    /// Checks that the database accepts and keeps writes, by writing and committing a dummy row.
    /// For a database file, the call also checks that the path still refers to the opened file. The call takes no
    /// longer than the time that other calls may wait for a connection.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database does not accept writes, and [`StoreError::Schema`] while migrations
    /// are pending.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A transaction that a host has opened on the database of its store; see [`Auth::within`](crate::Auth::within).
///
/// Implemented for `&sea_orm::DatabaseTransaction`, and for `&mut sqlx::Transaction` of Postgres or SQLite, with the
/// feature `postgres` or `sqlite`.
pub trait Transaction<'a> {
    /// Returns a store whose calls run inside this transaction. The store does not commit the
    /// transaction.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the store cannot use such a transaction.
    fn into_store(self) -> Result<Box<dyn Store + 'a>>;
}
