use async_trait::async_trait;

use super::{
    Checked, CheckedSession, EndReason, IssueOneTime, NewOneTimeToken, NewSession, OneTimeStatus,
    OpenSession, Purpose, Reset, ResetPassword, RotateSession, Rotation, Session, SessionId,
    SessionUser,
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    outbox::Intent,
    secret::{PasswordHash, TokenDigest},
    user::{User, UserId},
};

/// Keeps sessions and one-time tokens. Part of [`Store`](crate::store::Store).
///
/// A session is *live* while it is not revoked, neither expiry is reached (`now < expiry`), and its user is active at
/// the session's `credential_version`.
#[async_trait]
pub trait TokenStore: std::fmt::Debug + Send + Sync {
    /// Opens a session, and notes the sign-in on the user.
    ///
    /// # Contract
    /// One fact: the session exists if and only if the user was, at that moment, active at the given
    /// `credential_version` with the verified hash. `last_login_at` is set and the rehash is stored with it, the
    /// attempts in `cleared_counter` are cleared, and the event and the mail are written, or nothing is. It waits for a reset
    /// in flight, and never restores an older password.
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

    /// The user of a session whose refresh token is about to be exchanged.
    ///
    /// # Contract
    /// One query, and nothing is written. `None` unless the presented token is, as
    /// [`SessionState::classify`](super::SessionState::classify) says on one snapshot, the
    /// [current](super::Verdict::Current) one, or [superseded](super::Verdict::Superseded) within grace.
    ///
    /// # Errors
    /// If the database fails.
    async fn session_to_rotate(
        &self,
        rotation: &RotateSession,
    ) -> Result<Option<SessionUser>, StoreError>;

    /// Exchanges a refresh token for its successor.
    ///
    /// # Contract
    /// A token has at most one successor, ever (I2): of any number of concurrent calls one is
    /// [`Rotation::Rotated`], the others learn the same successor or none. What a token that is not the current one
    /// means is decided by [`SessionState::classify`](super::SessionState::classify) on one snapshot, after the write
    /// matched nothing. `rotated_at` changes with a rotation only, to its `now`, or later by as long as the statement
    /// waited. [`Rotation::Reused`] is returned by the one call
    /// that ended the session, and writes the event `on_reuse` with the class
    /// ([`ReuseClass::noted_on`](super::ReuseClass::noted_on)), and the mail.
    ///
    /// # Errors
    /// If the database fails.
    async fn rotate_session(
        &self,
        rotation: &RotateSession,
        on_reuse: &Event,
        mail: Option<&Intent>,
    ) -> Result<Rotation, StoreError>;

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

    /// The live sessions of a user, newest first, and the newest 200 at most.
    ///
    /// # Errors
    /// If the database fails.
    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Sets a new password in an open session.
    ///
    /// # Contract
    /// One fact, and only if at that moment the session is live and the user has the version and the hash that were
    /// checked: the hash is stored, `credential_version` goes up, this session moves to the new version, every other
    /// session ends, and the event and the mail are written. So of any number of concurrent calls with one checked hash one is
    /// [`Checked::Done`]; one that lost against a reset, a logout or disabling writes nothing; and a session that
    /// ended meanwhile stays ended. One-time tokens die with the version ([`Purpose::VerifyEmail`] apart).
    ///
    /// # Errors
    /// If the database fails.
    async fn change_password(
        &self,
        checked: &CheckedSession,
        password_hash: &PasswordHash,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Checked, StoreError>;

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

    /// Keeps a one-time token.
    ///
    /// # Contract
    /// The user is active, and the order still stands: their `credential_version` is the token's, but for
    /// [`VerifyEmail`](Purpose::VerifyEmail), and their address is the token's, but for
    /// [`ConfirmEmailChange`](Purpose::ConfirmEmailChange). A token of that purpose is never added here, but takes the place of
    /// the unused one that [`request_email_change`](super::AddressStore::request_email_change) kept for the same address:
    /// what is voided stays so.
    ///
    /// A user has at most one token per purpose: a newer one (by `created_at`) takes the place of an older one, used
    /// or not, never the other way round. Of [`VerifyEmail`](Purpose::VerifyEmail) each mail has its own, and all that
    /// were mailed to one address are good until they expire or one of them is used. Repeating a call gives the digest
    /// that is live, so that a mail that is sent again carries the same link; if that is one of another key,
    /// [`Elsewhere`](IssueOneTime::Elsewhere).
    ///
    /// # Errors
    /// If the database fails.
    async fn issue_one_time(&self, token: &NewOneTimeToken) -> Result<IssueOneTime, StoreError>;

    /// The user for whom this token can be spent now.
    ///
    /// # Contract
    /// `None` unless the purpose matches, the token is neither used nor expired (`now < expires_at`), the user is
    /// active, the user's `credential_version` is the token's ([`Purpose::VerifyEmail`] apart), and the address it was
    /// mailed to is theirs ([`Purpose::ConfirmEmailChange`] apart). Spends nothing.
    ///
    /// # Errors
    /// If the database fails.
    async fn one_time_user(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// How a token stands, for the page that its link leads to.
    ///
    /// # Contract
    /// One query, and nothing is written. [`Live`](OneTimeStatus::Live) exactly if
    /// [`one_time_user`](Self::one_time_user) finds its user, with the address it was mailed to. Else
    /// [`Used`](OneTimeStatus::Used) if this token itself was spent, which one that another made void was not, its expiry
    /// is not reached, and the address it was mailed to is its user's, be they disabled or not. The holder of the
    /// token learns nothing else about the account. A [`VerifyEmail`](Purpose::VerifyEmail) token that a reset, a
    /// takeover or another such token made void counts as spent: the address was proven.
    ///
    /// # Errors
    /// If the database fails.
    async fn one_time_status(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<OneTimeStatus, StoreError>;

    /// Spends a [`Purpose::ResetPassword`] token and sets the password; `None` if it cannot be spent.
    ///
    /// # Contract
    /// One fact, by at most one of any number of concurrent calls (I1): the conditions of
    /// [`one_time_user`](Self::one_time_user) hold at that moment; the hash is stored, `credential_version` goes up,
    /// every session ends, every other one-time token of the user is dead, an unverified address becomes verified, the
    /// attempts in `cleared_counter` are cleared, and the event and the mail are written. If the address was not verified, the
    /// reset is a takeover, since who made the account may not be who has the mailbox: everything is wiped that
    /// [`TakeOver`](crate::identity::Linking::TakeOver) wipes, and `on_takeover` is written as well.
    ///
    /// # Errors
    /// If the database fails.
    async fn reset_password(
        &self,
        reset: &ResetPassword,
        event: &Event,
        on_takeover: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<Reset>, StoreError>;

    /// Spends a [`Purpose::Unlock`] token and clears the failed attempts in `cleared_counter`; `None` if it cannot be spent.
    ///
    /// # Contract
    /// One fact, by at most one of any number of concurrent calls (I1): the conditions of
    /// [`one_time_user`](Self::one_time_user) hold at that moment; the token is used, the attempts are cleared, and the
    /// event is written.
    ///
    /// # Errors
    /// If the database fails.
    async fn unlock(
        &self,
        digest: &TokenDigest,
        cleared_counter: Option<LimitKey>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError>;
}
