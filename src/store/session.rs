//! The store trait for sessions.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::Intent,
    token::{
        Checked, CheckedSession, EndReason, NewSession, OpenSession, RenewedCookie, Session,
        SessionId, SessionUser,
    },
    user::UserId,
};

/// Keeps sessions. This trait is part of [`Store`](crate::store::Store).
///
/// A session is *live* while it is not revoked and has passed neither of its two expiry times
/// (`now < expiry`). In addition, its user must be active and have the session's
/// `credential_version`.
#[async_trait]
pub trait SessionStore: std::fmt::Debug + Send + Sync {
    /// Opens a session, and records the sign-in in the user's row.
    ///
    /// # Contract
    /// The call is atomic. The session is opened if and only if, at the time of the write, the user
    /// is active and has the given `credential_version`, the given `factor_version` and the
    /// verified password hash. If there is a second proof, it must be possible to spend it. The
    /// same step sets `last_login_at`, stores the rehashed password, spends the second proof,
    /// clears the attempts in `cleared_counter`, and writes the events and the emails. Otherwise no
    /// session is opened and nothing is spent. The call waits for a concurrent reset, and never
    /// restores an older password.
    ///
    /// The second proof:
    /// * [`Device`](crate::token::SecondProof::Device): the device must be remembered for the user.
    ///   The call sets its `last_used_at`.
    /// * [`Answer`](crate::token::SecondProof::Answer): the challenge must be unspent and belong to
    ///   the user. The factor's last step must be earlier than the given step, or the recovery code
    ///   must be unused. Of any number of concurrent calls, at most one spends the step or the code
    ///   (I15). A factor that is being enrolled must be the challenge's pending factor. It is
    ///   confirmed, the new codes replace all recovery codes, and the session and the remembered
    ///   device get the new `factor_version`. If the device is to be remembered, it is stored with
    ///   the session's user agent. At most [`MAX_DEVICES`](crate::factor::MAX_DEVICES) devices per
    ///   user are kept, the most recently used ones.
    ///
    /// If the user would then have more than `sessions_at_most` live sessions, those that were
    /// refreshed or opened longest ago end with the reason [`EndReason::TooManySessions`]. No
    /// separate events are written for them. Even under concurrent calls, the user never has more
    /// live sessions than `sessions_at_most`.
    ///
    /// # Errors
    /// If the database fails.
    async fn open_session(
        &self,
        session: &NewSession,
        events: &[Event],
        mails: &[Intent],
    ) -> Result<OpenSession, StoreError>;

    /// Returns the user of a live session and the time of its last authentication.
    ///
    /// # Contract
    /// The call runs one query. It returns `None` unless the session is live and belongs to the
    /// user. `authenticated_at` is the session's `created_at` until
    /// [`reauthenticate`](Self::reauthenticate) sets it; a rotation does not change it.
    ///
    /// # Errors
    /// If the database fails.
    async fn session_user(
        &self,
        id: SessionId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<SessionUser>, StoreError>;

    /// Returns a user's live sessions, newest first, but at most 200.
    ///
    /// # Errors
    /// If the database fails.
    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Ends a session, and returns its user; `None` if the session does not exist or had already been ended.
    ///
    /// # Contract
    /// The call takes precedence over a concurrent rotation: once this call has returned, no token
    /// of the session can be exchanged (I3). The call that ends the session writes the event.
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

    /// Ends a session of this user with the reason [`EndReason::Revoked`], and returns whether this call ended it.
    ///
    /// # Contract
    /// The contract of [`end_session`](Self::end_session) applies. A session stays unchanged if it
    /// belongs to another user, was ended, or has expired.
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

    /// Ends all sessions of an active user except one, with the reason [`EndReason::Revoked`], and returns how many
    /// this call ended. Sessions that were ended or have expired stay unchanged.
    ///
    /// # Contract
    /// The contract of [`end_session`](Self::end_session) applies to each session. One event is
    /// written if at least one session was ended. A session that is opened concurrently may stay.
    ///
    /// # Errors
    /// If the database fails.
    async fn end_other_sessions(
        &self,
        user: UserId,
        kept: SessionId,
        now: Timestamp,
        event: &Event,
    ) -> Result<u64, StoreError>;

    /// Ends every session of a user, and returns whether the user exists.
    ///
    /// # Contract
    /// The call increments `credential_version`, so that a sign-in whose credential was checked
    /// earlier cannot open a session afterwards. The event is written if the user exists.
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

    /// Records that the user has presented a credential in this session.
    ///
    /// # Contract
    /// When the call writes, the session must be live, and the user must have the
    /// `credential_version` and the password hash that were checked. Then `authenticated_at` is
    /// set, the session gets the method [`Password`](crate::token::Method::Password), and the event
    /// is written. Otherwise nothing is written.
    ///
    /// For a browser session, the same step replaces the cookie. The presented cookie must be the current one, or,
    /// before it expires, the previous cookie with the same successor, unless a second factor was presented in between.
    /// The presented cookie then becomes the previous cookie, as defined by
    /// [`BrowserSessionStore`](super::BrowserSessionStore).
    ///
    /// # Errors
    /// If the database fails.
    async fn reauthenticate(
        &self,
        checked: &CheckedSession,
        renewed: Option<&RenewedCookie>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError>;
}
