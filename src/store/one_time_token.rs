//! The store trait for one-time tokens.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    secret::TokenDigest,
    token::{IssueOneTime, NewOneTimeToken, OneTimeStatus, Purpose},
    user::{User, UserId},
};

/// Keeps one-time tokens. This trait is part of [`Store`](crate::store::Store).
#[async_trait]
pub trait OneTimeTokenStore: std::fmt::Debug + Send + Sync {
    /// Stores a one-time token.
    ///
    /// # Contract
    /// The user must be active, and the request must still be valid. The user must have the token's
    /// `credential_version` (except for [`SecureAccount`](Purpose::SecureAccount) and
    /// [`VerifyEmail`](Purpose::VerifyEmail)) and the token's address (except for `SecureAccount` and
    /// [`ConfirmEmailChange`](Purpose::ConfirmEmailChange)). This call never adds a `ConfirmEmailChange` token. Such a
    /// token only replaces the unused token that [`request_email_change`](super::AddressStore::request_email_change)
    /// stored for the same address, so that a voided token stays void.
    ///
    /// A user has at most one token per purpose: a newer token (according to `created_at`) replaces an older token,
    /// even if the older token was used. An older token never replaces a newer one. For
    /// [`VerifyEmail`](Purpose::VerifyEmail), each email has its own token, and all tokens that were mailed to one
    /// address are valid until they expire or one of them is used. The same holds for
    /// [`SecureAccount`](Purpose::SecureAccount), regardless of who has changed the account since. Of these tokens, the
    /// user has at most the newest [`SECURE_TOKENS_PER_ADDRESS`](crate::token::SECURE_TOKENS_PER_ADDRESS) for one
    /// address, and at most [`SECURE_TOKENS_PER_USER`](crate::token::SECURE_TOKENS_PER_USER) in all. If the second
    /// maximum is exceeded, the newest tokens for other addresses are deleted. Someone who repeatedly changes the
    /// account's address therefore causes their own tokens to be deleted. A repeated call returns the digest of the
    /// live token, so that an email that is sent again carries the same link. If that digest was derived from another
    /// key, the call returns [`Elsewhere`](IssueOneTime::Elsewhere).
    ///
    /// # Errors
    /// If the database fails.
    async fn issue_one_time(&self, token: &NewOneTimeToken) -> Result<IssueOneTime, StoreError>;

    /// Returns the user of a token, if the token can be spent now.
    ///
    /// # Contract
    /// The call returns `None` unless the purpose matches, the token is neither used nor expired (`now < expires_at`),
    /// and the user is active. In addition, the user's `credential_version` must equal the token's (except for
    /// [`Purpose::SecureAccount`] and [`Purpose::VerifyEmail`]). The user must also have the address that the token was
    /// mailed to (except for [`Purpose::ConfirmEmailChange`] and [`Purpose::SecureAccount`]). The call does not spend
    /// the token.
    ///
    /// # Errors
    /// If the database fails.
    async fn one_time_user(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// Returns a token's state, for the page that its link leads to.
    ///
    /// # Contract
    /// The call runs one query and writes nothing. The state is [`Live`](OneTimeStatus::Live), with the address that
    /// the token was mailed to, if and only if [`one_time_user`](Self::one_time_user) finds its user. Otherwise, the
    /// state is [`Used`](OneTimeStatus::Used) if this token itself was spent, has not expired, and was mailed to its
    /// user's current address (except for [`SecureAccount`](Purpose::SecureAccount)). The user may be disabled. A token
    /// that became void because of another token does not count as spent. There are two exceptions. A
    /// [`VerifyEmail`](Purpose::VerifyEmail) token counts as spent if a reset, a takeover or another such token made it
    /// void, because the address was proven. A `SecureAccount` token counts as spent if another one that was mailed to
    /// the same address was spent. The state reveals nothing else about the account.
    ///
    /// # Errors
    /// If the database fails.
    async fn one_time_status(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<OneTimeStatus, StoreError>;

    /// Spends a [`Purpose::Unlock`] token and clears the failed attempts in `cleared_counter`; `None` if the token
    /// cannot be spent.
    ///
    /// # Contract
    /// The call is atomic, and at most one of any number of concurrent calls succeeds (I1). The
    /// conditions of [`one_time_user`](Self::one_time_user) must hold when the token is spent. The
    /// token is then marked as used, the attempts are cleared, and the event is written.
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
