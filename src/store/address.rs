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

/// Verifies and changes the addresses of users, with one-time tokens. Part of [`Store`](crate::store::Store).
///
/// A token is valid only for the address that it was mailed to.
#[async_trait]
pub trait AddressStore: std::fmt::Debug + Send + Sync {
    /// Verifies the address of a user with a token of purpose [`VerifyEmail`](crate::token::Purpose::VerifyEmail), and
    /// returns the user; `None` if the token is not valid for it.
    ///
    /// # Contract
    /// One fact, by at most one of any number of concurrent calls (I1): the token is neither used nor expired, its user
    /// is active, and the address it was mailed to is still theirs. Then it is used, together with every other token
    /// that was mailed to the same address. An unverified address becomes verified, a verified one keeps its time, and
    /// the event is written. Otherwise nothing changes.
    ///
    /// # Errors
    /// If the database fails.
    async fn verify_email(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError>;

    /// Stores the token that confirms a new address of the user, replacing any older one, and orders the mails.
    ///
    /// # Contract
    /// One fact: the session is live, and the credentials are those that were checked in it. Then the token, which is
    /// of purpose [`ConfirmEmailChange`](crate::token::Purpose::ConfirmEmailChange), replaces an older one (by
    /// `created_at`), and the event and the mails are written. If there is a newer one, nothing is written. The same
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

    /// Sets the address that a token was mailed to as the address of its user, and returns the user; `None` if the
    /// token is not valid for it, or the address has another account.
    ///
    /// # Contract
    /// One fact, by at most one of any number of concurrent calls (I1): the token is of purpose
    /// [`ConfirmEmailChange`](crate::token::Purpose::ConfirmEmailChange), neither used nor expired, its user is active
    /// and has the `credential_version` it was kept at, and no other account has the canonical address, even under
    /// races (I4). Then the token is used, the address is the user's and verified, `credential_version` is incremented,
    /// every session ends, the event is written, and the mail to the previous address is ordered. Otherwise nothing
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
