//! The store trait for passwords.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    outbox::Intent,
    secret::PasswordHash,
    token::{
        Checked, CheckedSession, RenewedCookie, Reset, ResetPassword, SecureAccount, SecuredAccount,
    },
    user::{User, UserId},
};

/// Sets new passwords: in a session, with a one-time token, or directly for a user. Also replaces a password with an
/// unusable one when the token in a notice is spent. This trait is part of [`Store`](crate::store::Store).
#[async_trait]
pub trait PasswordStore: std::fmt::Debug + Send + Sync {
    /// Sets a new password in a live session.
    ///
    /// # Contract
    /// The call is atomic. When the call writes, the session must be live, and the user must have
    /// the `credential_version` and the password hash that were checked. Then the new hash is
    /// stored, `credential_version` is incremented, this session moves to the new version, every
    /// other session ends, and the event and the email are written. Of any number of concurrent
    /// calls with the same checked hash, exactly one therefore returns [`Checked::Done`]. If the
    /// password is reset, or the user is logged out or disabled first, the call writes nothing, and
    /// a session that ended before the write stays ended. One-time tokens of the old version become
    /// void (except for [`Purpose::VerifyEmail`](crate::token::Purpose::VerifyEmail)).
    ///
    /// For a browser session, the same step replaces the cookie. The presented cookie must be the
    /// current one. No earlier cookie of the session is accepted afterwards.
    ///
    /// # Errors
    /// If the database fails.
    async fn change_password(
        &self,
        checked: &CheckedSession,
        renewed: Option<&RenewedCookie>,
        password_hash: &PasswordHash,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Checked, StoreError>;

    /// Spends a [`Purpose::ResetPassword`](crate::token::Purpose::ResetPassword) token and sets the password; `None` if
    /// the token cannot be spent.
    ///
    /// # Contract
    /// The call is atomic, and at most one of any number of concurrent calls succeeds (I1). The
    /// conditions of [`one_time_user`](super::OneTimeTokenStore::one_time_user) must hold when the
    /// token is spent. Then the hash is stored, `credential_version` is incremented, every session
    /// ends, and all of the user's other one-time tokens become void. An unverified address becomes
    /// verified, the attempts in `cleared_counter` are cleared, and the event and the email are
    /// written. If the address was not verified, the reset is a takeover, because the account's
    /// creator may not own the mailbox. The reset then deletes everything that
    /// [`TakeOver`](crate::identity::Linking::TakeOver) deletes, and also writes the event
    /// `on_takeover`.
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

    /// Spends a [`Purpose::SecureAccount`](crate::token::Purpose::SecureAccount) token and ends every session of its
    /// user; `None` if the token cannot be spent.
    ///
    /// # Contract
    /// The call is atomic, and at most one of any number of concurrent calls succeeds (I1), even with different tokens
    /// that were mailed to the same address. All of these tokens count as spent afterwards. The conditions of
    /// [`one_time_user`](super::OneTimeTokenStore::one_time_user) must hold when the token is spent. Then
    /// `credential_version` is incremented, every session ends with the reason
    /// [`AccountSecured`](crate::token::EndReason::AccountSecured), and the event is written, [completed with the
    /// outcome](SecuredAccount::noted_on).
    ///
    /// If the token was mailed to the user's current address, `useless_hash` replaces the password, if any, and `reset`
    /// is written for the new version. Otherwise, the password stays and no email is written: anyone who receives mail
    /// at a former address may end sessions, but nothing else.
    ///
    /// # Errors
    /// If the database fails.
    async fn secure_account(
        &self,
        secure: &SecureAccount,
        event: &Event,
        reset: &Intent,
    ) -> Result<Option<SecuredAccount>, StoreError>;

    /// Sets a user's password, whether or not the user already has one, and returns the changed user; `None` for an
    /// unknown user.
    ///
    /// # Contract
    /// The call is atomic: the hash is stored, `credential_version` is incremented, and every
    /// session ends with the reason [`PasswordChanged`](crate::token::EndReason::PasswordChanged).
    /// The attempts in `cleared_counter` are cleared, and the event and the email are written.
    /// One-time tokens of the old version become void (except for
    /// [`Purpose::VerifyEmail`](crate::token::Purpose::VerifyEmail)). Nothing else about the
    /// account changes: a disabled account stays disabled.
    ///
    /// # Errors
    /// If the database fails.
    async fn set_password(
        &self,
        user: UserId,
        password_hash: &PasswordHash,
        cleared_counter: Option<LimitKey>,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<User>, StoreError>;
}
