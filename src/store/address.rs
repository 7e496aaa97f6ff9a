//! The store trait for address changes.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    outbox::Intent,
    secret::TokenDigest,
    token::{Checked, CheckedSession, NewOneTimeToken},
    user::UserId,
};

/// Verifies and changes the addresses of users, by one-time tokens. Part of [`Store`](crate::store::Store).
///
/// A token is good for the address it was mailed to, and for no other.
#[async_trait]
pub trait AddressStore: std::fmt::Debug + Send + Sync {
    /// Verifies the address of a user by a token of purpose [`VerifyEmail`](crate::token::Purpose::VerifyEmail), and
    /// gives whose it is; `None` if the token is not good for it.
    ///
    /// # Contract
    /// One fact, by at most one of any number of concurrent calls (I1): the token is neither used nor expired, its user
    /// is active, and the address it was mailed to is still theirs. Then it is used, and with it every other one that
    /// was mailed to the same address; an unverified address becomes verified and a verified one keeps its time, and
    /// the event is written. Else nothing changes.
    ///
    /// # Errors
    /// If the database fails.
    async fn verify_email(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError>;

    /// Keeps the token that makes another address the user's, in place of any older one, and orders the mails.
    ///
    /// # Contract
    /// One fact: the session is live, and the credentials are those that were checked in it. Then the token, which is
    /// of purpose [`ConfirmEmailChange`](crate::token::Purpose::ConfirmEmailChange), takes the place of an older one
    /// (by `created_at`), and the event and the mails are written; if there is a newer one, nothing is. The same
    /// statements run whether or not the address has an account.
    ///
    /// # Errors
    /// If the database fails.
    async fn request_email_change(
        &self,
        checked: &CheckedSession,
        token: &NewOneTimeToken,
        event: &Event,
        mails: &[Intent],
    ) -> Result<Checked, StoreError>;

    /// Makes the address that a token was mailed to the one of its user, and gives whose it is; `None` if the token
    /// is not good for it, or the address has another account.
    ///
    /// # Contract
    /// One fact, by at most one of any number of concurrent calls (I1): the token is of purpose
    /// [`ConfirmEmailChange`](crate::token::Purpose::ConfirmEmailChange), neither used nor expired, its user is active
    /// and has the `credential_version` it was kept at, and no other account has the canonical address, whatever races
    /// (I4). Then the token is used, the address is the user's and verified, `credential_version` goes up, every
    /// session ends, and the event is written, and the mail, which goes to the address that was theirs. Else nothing
    /// changes.
    ///
    /// # Errors
    /// If the database fails.
    async fn confirm_email_change(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<UserId>, StoreError>;
}
