//! The store trait for sessions.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::Intent,
    token::{
        Checked, CheckedSession, EndReason, NewSession, OpenSession, Session, SessionId,
        SessionUser,
    },
    user::UserId,
};

/// Keeps sessions. Part of [`Store`](crate::store::Store).
///
/// A session is *live* while it is not revoked, neither expiry is reached (`now < expiry`), and its user is active at
/// the session's `credential_version`.
#[async_trait]
pub trait SessionStore: std::fmt::Debug + Send + Sync {
    /// Opens a session, and notes the sign-in on the user.
    ///
    /// # Contract
    /// One fact: the session exists if and only if the user was, at that moment, active at the given
    /// `credential_version` with the verified hash. `last_login_at` is set and the rehash is stored with it, the
    /// attempts in `cleared_counter` are cleared, and the event and the mail are written, or nothing is. It waits for a
    /// reset in flight, and never restores an older password.
    ///
    /// Of the user's other live sessions only as many stay as leave room for this one in `sessions_at_most`, those that
    /// were refreshed or opened last; the others end for [`EndReason::TooManySessions`], without an event of their own.
    /// Of any number of concurrent calls none leaves more, at any moment.
    ///
    /// # Errors
    /// If the database fails.
    async fn open_session(
        &self,
        session: &NewSession,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<OpenSession, StoreError>;

    /// The user of a live session, and how fresh its sign-in is.
    ///
    /// # Contract
    /// One query. `None` unless the session is live and belongs to the user. `authenticated_at` is the session's
    /// `created_at` until [`reauthenticate`](Self::reauthenticate) sets it; a rotation leaves it alone.
    ///
    /// # Errors
    /// If the database fails.
    async fn session_user(
        &self,
        id: SessionId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<SessionUser>, StoreError>;

    /// The live sessions of a user, newest first, and the newest 200 at most.
    ///
    /// # Errors
    /// If the database fails.
    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends a session, and gives whose it was; `None` if it was not there or had been ended.
    ///
    /// # Contract
    /// Wins against a rotation in flight: when this has returned, no token of the session is exchanged any more (I3).
    /// The event is written by the one call that ended it.
    ///
    /// # Errors
    /// If the database fails.
    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError>;

    /// Ends a session of this user for [`EndReason::Revoked`], and says whether this call did.
    ///
    /// # Contract
    /// As [`end_session`](Self::end_session); another user's session is left alone, and so is one that was ended or has
    /// expired.
    ///
    /// # Errors
    /// If the database fails.
    async fn end_session_of(
        &self,
        user: UserId,
        id: SessionId,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError>;

    /// Ends every session of a user, and says whether there is such a user.
    ///
    /// # Contract
    /// Raises `credential_version`, so that a sign-in whose credential was checked before opens nothing after.
    /// The event is written if there is such a user.
    ///
    /// # Errors
    /// If the database fails.
    async fn end_sessions(
        &self,
        user: UserId,
        reason: EndReason,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError>;

    /// Notes that the user has shown a credential in this session.
    ///
    /// # Contract
    /// Sets `authenticated_at` and writes the event, only if at that moment the session is live and the user has the
    /// version and the hash that were checked.
    ///
    /// # Errors
    /// If the database fails.
    async fn reauthenticate(
        &self,
        checked: &CheckedSession,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError>;
}
