//! Sessions and the rotation of their refresh tokens.

use std::num::NonZeroU32;

use super::{Methods, RefreshGeneration, ReuseClass, SecondProof, SessionKind};
use crate::{
    clock::Timestamp,
    event::ClientInfo,
    id::SessionId,
    limit::LimitKey,
    secret::{PasswordHash, TokenDigest},
    user::{User, UserId},
};

/// A session to be opened.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct NewSession {
    /// The identifier.
    pub id: SessionId,
    /// The session's user.
    pub user_id: UserId,
    /// The version of the user's credentials when the credential was checked.
    pub credential_version: i64,
    /// The version of the user's second factors when the credential was checked.
    pub factor_version: i64,
    /// How the client presents the session.
    pub kind: SessionKind,
    /// The digest of the first refresh token, of generation 0, or of the cookie.
    pub digest: TokenDigest,
    /// When it is opened.
    pub created_at: Timestamp,
    /// When it ends if it is not refreshed.
    pub idle_expires_at: Timestamp,
    /// When it ends even if it is refreshed.
    pub absolute_expires_at: Timestamp,
    /// The client that opened it.
    pub client: ClientInfo,
    /// How the user has authenticated.
    pub methods: Methods,
    /// When the user presented the credential: usually `created_at`, or earlier if the session continues a browser
    /// session.
    pub authenticated_at: Timestamp,
    /// When the user presented a second factor; `None` if they did not.
    pub second_factor_at: Option<Timestamp>,
    /// The second proof, which is used up; `None` if the first proof suffices.
    pub second: Option<SecondProof>,
    /// The password hash that was verified; `None` if the credential was not a password.
    pub verified_hash: Option<PasswordHash>,
    /// A new hash of the same password, if the verified hash has outdated parameters.
    pub rehashed: Option<PasswordHash>,
    /// The counter of failed attempts to clear.
    pub cleared_counter: Option<LimitKey>,
    /// The maximum number of live sessions that the user may have, including this one.
    pub sessions_at_most: NonZeroU32,
}

/// The outcome of opening a session.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum OpenSession {
    /// The session is open. The returned user has the current data.
    Opened(User),
    /// The account has changed since the credential was checked; nothing was written.
    Stale,
}

/// A presented refresh token to be exchanged for its successor.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct RotateSession {
    /// The session that the token names.
    pub id: SessionId,
    /// The generation that the token names.
    pub generation: RefreshGeneration,
    /// The digest of the presented token.
    pub presented: TokenDigest,
    /// The digests of the possible successors, one for each current key and at least one. The first digest is written.
    pub successors: Vec<TokenDigest>,
    /// The current time.
    pub now: Timestamp,
    /// When the session ends if it is not refreshed again.
    pub idle_expires_at: Timestamp,
    /// How long after the exchange the previous token still gets the same successor, including the
    /// request timeout. If this is zero, the previous token gets no successor.
    pub grace: std::time::Duration,
}

/// The outcome of a rotation.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum Rotation {
    /// The token was the current one. It was replaced by the first of the offered successors.
    Rotated(SessionUser),
    /// The token was the previous one, within the grace period. The successor with this digest has
    /// already replaced it.
    Superseded(SessionUser, TokenDigest),
    /// The token was used before. The session was live, and this call ended it.
    Reused(UserId, ReuseClass),
    /// There is no such live session.
    Gone,
}

/// The user of a live session, when the session ends, and when the user last authenticated in it.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct SessionUser {
    /// The user.
    pub user: User,
    /// When the session ends if it is not refreshed.
    pub idle_expires_at: Timestamp,
    /// When it ends even if it is refreshed.
    pub absolute_expires_at: Timestamp,
    /// When the user last presented a credential in this session: when it was opened, or later.
    pub authenticated_at: Timestamp,
    /// How the user has authenticated in this session.
    pub methods: Methods,
    /// When the user last presented a second factor in this session; `None` if they never did.
    pub second_factor_at: Option<Timestamp>,
    /// Whether the user has a second factor now.
    pub has_second_factor: bool,
}

impl SessionUser {
    /// When the user last authenticated in this session, and how, as stated in claims. In a session
    /// with two factors, only the second factor counts (RFC 9470). If one of the user's factors was
    /// removed in another session, the factors that were presented here do not count.
    pub(crate) fn authentication(&self) -> (Timestamp, Methods) {
        let at = self.second_factor_at.unwrap_or(self.authenticated_at);
        (at, self.methods.counting(self.second_factor_at))
    }

    /// When the session ends if it is neither refreshed nor used again.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.idle_expires_at.min(self.absolute_expires_at)
    }
}

/// The authentication of a browser session, kept with a code that was issued to its user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct EarlierSignIn {
    /// The browser session.
    pub session_id: SessionId,
    /// When the user last presented a credential in the session.
    pub authenticated_at: Timestamp,
    /// How the user had authenticated in the session.
    pub methods: Methods,
    /// When the user last presented a second factor in the session; `None` if they never did, or
    /// the factor no longer counts.
    pub second_factor_at: Option<Timestamp>,
    /// The version of the user's second factors when the code was issued.
    pub factor_version: i64,
}

/// A live session, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Session {
    /// The identifier.
    pub id: SessionId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its refresh token was last exchanged; initially, when it was opened.
    pub rotated_at: Timestamp,
    /// When it ends if it is not refreshed.
    pub idle_expires_at: Timestamp,
    /// When it ends even if it is refreshed.
    pub absolute_expires_at: Timestamp,
    /// The client that opened it. The request id is not recorded.
    pub client: ClientInfo,
}

/// A session whose user has just presented a credential, which authorizes a change. The conditions for the change are
/// that the session is live and that the user still has this credential version and this password hash.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct CheckedSession {
    /// The session.
    pub id: SessionId,
    /// The session's user.
    pub user_id: UserId,
    /// The version of the user's credentials when the credential was checked.
    pub credential_version: i64,
    /// The password hash that was verified; `None` if the account had no password.
    pub verified_hash: Option<PasswordHash>,
}

/// The outcome of a change that a [`CheckedSession`] authorizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third outcome would change the contract"
)]
pub enum Checked {
    /// The change was made.
    Done,
    /// The account or the session has changed since the credential was checked; nothing was written.
    Stale,
}

/// The reason why a session was ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The owner of the mailbox used the link in a notice.
    AccountSecured,
    /// The address was changed.
    EmailChanged,
    /// The user logged out.
    Logout,
    /// The user logged out everywhere, or an administrator logged them out.
    LogoutAll,
    /// The password was changed in another session.
    PasswordChanged,
    /// The password was reset.
    PasswordReset,
    /// A refresh token was used again.
    Reuse,
    /// The user ended it in their list of sessions.
    Revoked,
    /// The owner of the address took over the account by signing in with a provider.
    TakenOver,
    /// The user opened another session although the maximum was reached.
    TooManySessions,
}

impl EndReason {
    /// The string used in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountSecured => "account_secured",
            Self::EmailChanged => "email_changed",
            Self::Logout => "logout",
            Self::LogoutAll => "logout_all",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::Reuse => "reuse",
            Self::Revoked => "revoked",
            Self::TakenOver => "taken_over",
            Self::TooManySessions => "too_many_sessions",
        }
    }
}
