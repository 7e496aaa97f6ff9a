//! One-time tokens and their states.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    event::Event,
    limit::LimitKey,
    outbox::{IntentId, LetterKind},
    purpose::Purpose,
    secret::{HmacKey, OneTimeToken, PasswordHash, Secrets, TokenDigest},
    user::{EmailAddress, User, UserId},
};

/// How many tokens of purpose [`SecureAccount`](Purpose::SecureAccount) a store keeps for one of a user's addresses.
/// At this limit, each new token replaces the oldest.
pub const SECURE_TOKENS_PER_ADDRESS: u32 = 10;

/// How many tokens of purpose [`SecureAccount`](Purpose::SecureAccount) a store keeps for a user. At this limit, each
/// new token replaces the newest token that was mailed to another address.
pub const SECURE_TOKENS_PER_USER: u32 = 50;

/// A one-time token to be stored.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct NewOneTimeToken {
    /// The digests of the token under every current key, at least one. The first digest is stored.
    pub digests: Vec<TokenDigest>,
    /// The purpose that it is valid for.
    pub purpose: Purpose,
    /// The user that it belongs to.
    pub user_id: UserId,
    /// The address that it is mailed to, and valid for.
    pub address: EmailAddress,
    /// The version of the user's credentials at the time of the request.
    pub credential_version: i64,
    /// The email that contains it.
    pub intent: IntentId,
    /// The letter of that email.
    pub letter: LetterKind,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The outcome of storing a one-time token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum IssueOneTime {
    /// The request is no longer valid. The token was used or replaced by a newer one, the user is
    /// disabled or no longer exists, or their address or credentials have changed. Nothing was
    /// written.
    Dead,
    /// The email has a live token that was derived from a key that is not among the given keys. Nothing
    /// was written.
    Elsewhere,
    /// The token with this digest is valid. Except for [`Purpose::SecureAccount`] and [`Purpose::VerifyEmail`], it is
    /// the user's only token for the purpose.
    Live(TokenDigest),
}

/// The state of a one-time token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum OneTimeStatus {
    /// It is unknown, expired or no longer valid.
    Dead,
    /// It can be used; it was mailed to this address.
    Live(EmailAddress),
    /// It was used, and its effect has not been undone.
    Used,
}

/// A new password to be set with a one-time token.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct ResetPassword {
    /// The digest of the presented token.
    pub digest: TokenDigest,
    /// The hash of the new password.
    pub password_hash: PasswordHash,
    /// The counter of failed attempts to clear.
    pub cleared_counter: Option<LimitKey>,
    /// The current time.
    pub now: Timestamp,
}

/// The outcome of a reset.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Reset {
    /// The user whose password was set, with their current data.
    pub user: User,
    /// Whether the address was unverified, so that the reset took over the account and deleted its earlier
    /// credentials.
    pub taken_over: bool,
}

/// The data for spending a [`SecureAccount`](Purpose::SecureAccount) token.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct SecureAccount {
    /// The digest of the presented token.
    pub digest: TokenDigest,
    /// The hash of a password that nobody knows.
    pub useless_hash: PasswordHash,
    /// The current time.
    pub now: Timestamp,
}

/// An account whose sessions were ended with the link in a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct SecuredAccount {
    /// The user.
    pub user_id: UserId,
    /// The name of the letter that contained the link, if known.
    pub letter: Option<String>,
    /// Whether a link for a new password is mailed to the address that the notice was sent to. If the account has
    /// another address by now, no link is mailed, because this token must not cause a link to be mailed to another
    /// address.
    pub is_reset_mailed: bool,
}

impl SecuredAccount {
    /// The event, completed with the user, the letter, and whether a link is mailed.
    #[must_use]
    pub fn noted_on(&self, event: &Event) -> Event {
        let event = event.clone().of(self.user_id);
        let event = event.with("reset_mailed", self.is_reset_mailed);
        match &self.letter {
            Some(letter) => event.with("letter", letter.as_str()),
            None => event,
        }
    }
}

const PREFIX: &str = "hp_ot_";

/// Derives one-time tokens from their purpose and email, so that an email that is sent again
/// contains the same link.
#[derive(Clone, Debug)]
pub(crate) struct OneTimeKeys(Vec<HmacKey>);

impl OneTimeKeys {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self(
            secrets
                .iter()
                .map(|secret| secret.hmac_key("one-time token"))
                .collect(),
        )
    }

    /// Derives the tokens with this origin, one for each current key. Only the first one is ever issued.
    pub(crate) fn derive(&self, origin: Uuid, purpose: Purpose) -> Vec<OneTimeToken> {
        let message = [origin.as_bytes(), purpose.as_str().as_bytes()].concat();
        self.0
            .iter()
            .map(|key| format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(key.tag(&message))).into())
            .collect()
    }
}
