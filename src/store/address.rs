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

/// Verifies and changes the addresses of users, with one-time tokens. This trait is part of
/// [`Store`](crate::store::Store).
///
/// A token is valid only for the address that it was mailed to.
#[async_trait]
pub trait AddressStore: std::fmt::Debug + Send + Sync {
    /// Verifies a user's address with a token of purpose [`VerifyEmail`](crate::token::Purpose::VerifyEmail), and
    /// returns the user; `None` if the token is not valid.
    ///
    /// # Contract
    /// The call is atomic, and at most one of any number of concurrent calls succeeds (I1). The
    /// token must be neither used nor expired. Its user must be active, and must still have the
    /// address that the token was mailed to. The call then marks the token as used, as well as
    /// every other token that was mailed to the same address. An unverified address becomes
    /// verified, a verified address keeps its verification time, and the event is written. If a
    /// condition is not met, nothing changes.
    ///
    /// # Errors
    /// If the database fails.
    async fn verify_email(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError>;

    /// Stores the token that confirms a new address for the user, replaces any older token, and queues the emails.
    ///
    /// # Contract
    /// The call is atomic. The session must be live, and the user's credentials must be unchanged
    /// since they were checked in that session. The token has the purpose
    /// [`ConfirmEmailChange`](crate::token::Purpose::ConfirmEmailChange) and replaces any token
    /// whose `created_at` is earlier; the event and the emails are written together with it. If
    /// there is a newer token, nothing is written. The same statements run whether or not the new
    /// address already belongs to an account.
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

    /// Changes the address of a token's user to the address that the token was mailed to, and returns the user. Returns
    /// `None` if the token is not valid, or if another account has the address.
    ///
    /// # Contract
    /// The call is atomic, and at most one of any number of concurrent calls succeeds (I1). The
    /// token must have the purpose
    /// [`ConfirmEmailChange`](crate::token::Purpose::ConfirmEmailChange) and be neither used nor
    /// expired. Its user must be active and have the `credential_version` that is stored with the
    /// token. No other account may have the canonical address, even under concurrent calls (I4).
    /// The call then marks the token as used, stores the new address as verified, increments
    /// `credential_version`, ends every session, writes the event, and queues the email to the
    /// previous address. If a condition is not met, nothing changes.
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
