//! The store trait for the account overview.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    factor::{FactorList, RememberedDevice},
    id::UserId,
    identity::Identity,
    token::Session,
    user::{EmailAddress, User},
};

/// Reads everything that belongs to an account at once. This trait is part of [`Store`](crate::store::Store).
#[async_trait]
pub trait AccountStore: std::fmt::Debug + Send + Sync {
    /// Returns everything that belongs to a user. The result is empty if the user does not exist.
    ///
    /// # Contract
    /// The call runs only one query, because the call is made for every view of the account page. The lists equal the
    /// results of [`factors`](super::FactorStore::factors), [`devices`](super::DeviceStore::devices),
    /// [`sessions`](super::SessionStore::sessions) and [`identities`](super::IdentityStore::identities) at that moment.
    ///
    /// # Errors
    /// If the database fails.
    async fn account(&self, user: UserId, now: Timestamp) -> Result<AccountOverview, StoreError>;
}

/// Everything that belongs to an account, apart from the audit trail.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct AccountOverview {
    /// The user; `None` if the user does not exist.
    pub user: Option<User>,
    /// Whether the user can sign in with a password.
    pub has_password: bool,
    /// The change of address that the user has not confirmed yet.
    pub pending_email: Option<PendingEmail>,
    /// The second factors.
    pub factors: FactorList,
    /// The remembered devices, most recently used first.
    pub devices: Vec<RememberedDevice>,
    /// The live sessions, newest first, at most 200.
    pub sessions: Vec<Session>,
    /// The linked identities in the order in which they were linked, at most 200.
    pub identities: Vec<Identity>,
}

/// A change of address whose link can still be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct PendingEmail {
    /// The new address.
    pub address: EmailAddress,
    /// When the link expires.
    pub expires_at: Timestamp,
}
