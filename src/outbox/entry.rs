//! Emails in the outbox, and their sending budget.

use std::time::Duration;

use super::{IntentId, LetterKind};
use crate::{clock::Timestamp, email::EmailAddress, event::Event, id::UserId, secret::TokenDigest};

/// At most one email of a kind goes to an address within this time.
const GAP: Duration = Duration::from_secs(60);
/// At most five emails of a kind go to an address within this time.
const WINDOW: Duration = Duration::from_secs(3600);

/// An email in the outbox, without its content, for operators.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between store and use case"
)]
pub struct MailEntry {
    /// The identifier.
    pub id: IntentId,
    /// The letter: the name of a [`LetterKind`], or a name that only a newer version supports.
    pub letter: String,
    /// The address that the email goes to or was requested with; `None` if the user no longer
    /// exists, or the address cannot be read.
    pub recipient: Option<EmailAddress>,
    /// The recipient; `None` if the email was requested with an address.
    pub user_id: Option<UserId>,
    /// Whether it will still be sent.
    pub status: MailStatus,
    /// How often it has been claimed.
    pub attempts: i32,
    /// The reason why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When to send the email. While a worker has a lease on the email, this is the end of the
    /// lease.
    pub due_at: Timestamp,
}

/// Whether an email in the outbox will still be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third state would change the contract"
)]
pub enum MailStatus {
    /// It is marked dead and will not be sent.
    Dead,
    /// It will be sent or retried.
    Pending,
}

impl MailStatus {
    /// The name used in replies and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Pending => "pending",
        }
    }
}

impl std::str::FromStr for MailStatus {
    type Err = UnknownMailStatus;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "dead" => Ok(Self::Dead),
            "pending" => Ok(Self::Pending),
            _ => Err(UnknownMailStatus(())),
        }
    }
}

/// The text is neither `dead` nor `pending`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the status must be `dead` or `pending`")]
pub struct UnknownMailStatus(());

/// The outcome of an administrator's retry of an email.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum RetryMail {
    /// No email has this identifier.
    NotFound,
    /// The email is still pending; nothing was written.
    Pending,
    /// A new intent replaced the email.
    Retried(RetriedMail),
}

/// The dead email that a retry has replaced.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between store and use case"
)]
pub struct RetriedMail {
    /// The name of its letter.
    pub letter: String,
    /// The recipient; `None` if no attempt has found one.
    pub user_id: Option<UserId>,
}

impl RetriedMail {
    /// The event of the retry, completed with the letter and its recipient.
    #[must_use]
    pub fn noted_on(&self, event: &Event) -> Event {
        Event {
            user_id: self.user_id,
            ..event.clone().with("letter", self.letter.as_str())
        }
    }
}

/// An email to count against the budget: one a minute and five an hour for each address and letter.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Admission {
    /// A digest of the address and the letter.
    pub key: TokenDigest,
    /// The current time.
    pub now: Timestamp,
    /// The email is admitted only if the latest email with this key was admitted at or before this
    /// time.
    pub latest_until: Timestamp,
    /// The email is admitted only if the fifth-latest email with this key was admitted at or before
    /// this time.
    pub fifth_until: Timestamp,
}

impl Admission {
    /// An email with this letter to this address, at the time `now`.
    #[must_use]
    pub fn new(letter: LetterKind, address: &EmailAddress, now: Timestamp) -> Self {
        let key = format!("{}:{}", letter.as_str(), address.canonical());
        Self {
            key: TokenDigest::of(&key),
            now,
            latest_until: now - GAP,
            fifth_until: now - WINDOW,
        }
    }
}
