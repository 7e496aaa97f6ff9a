//! The store trait for browser sessions.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    token::{BrowserUser, PresentedCookie, SessionId},
};

/// Finds browser sessions by their cookies. This trait is part of [`Store`](crate::store::Store).
///
/// A session is *live* as defined by [`SessionStore`](super::SessionStore).
#[async_trait]
pub trait BrowserSessionStore: std::fmt::Debug + Send + Sync {
    /// Returns the user of a live browser session and how the user has authenticated.
    ///
    /// # Contract
    /// The call runs one query. It returns `None` unless the session is live, is a browser session of the user, and has
    /// the cookie's digest. The previous cookie is accepted until it expires, with the authentication methods and times
    /// from before its replacement.
    ///
    /// # Errors
    /// If the database fails.
    async fn browser_user(
        &self,
        cookie: &PresentedCookie,
        now: Timestamp,
    ) -> Result<Option<BrowserUser>, StoreError>;

    /// Records that a browser session is in use.
    ///
    /// # Contract
    /// If the session is neither revoked nor expired, the call sets the time of its last use and its idle expiry, but
    /// never sets the idle expiry to an earlier time. The call changes nothing else.
    ///
    /// # Errors
    /// If the database fails.
    async fn use_browser_session(
        &self,
        id: SessionId,
        idle_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
