//! The intent to send an email.

use std::time::Duration;

use serde_json::{Map, Value};

use super::LetterKind;
use crate::{
    clock::Timestamp,
    email::EmailAddress,
    event::ClientInfo,
    id::{UserId, id},
};

/// How far the clocks of instances may differ. If a stored time is further in the future, it was written before a
/// clock was set back.
pub(crate) const SKEW: Duration = Duration::from_secs(30);
/// How long an email without a link may still be sent.
const NOTICE_LIFETIME: Duration = Duration::from_secs(7 * 86_400);

id! {
    /// Identifies an email to be sent.
    IntentId
}

/// An email to be sent. It contains no token, because the worker derives the token.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Intent {
    /// The identifier.
    pub id: IntentId,
    /// The letter.
    pub letter: LetterKind,
    /// The recipient.
    pub recipient: Recipient,
    /// Additional data for the letter. The data must not contain a token.
    pub payload: Map<String, Value>,
    /// When it was requested.
    pub created_at: Timestamp,
    /// The time after which it is no longer sent.
    pub not_after: Timestamp,
}

/// The recipient of an email. A disabled account gets no email.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a plain record between use case and store"
)]
pub enum Recipient {
    /// The account with this address, if there is one. The email goes to the stored address.
    Holder(EmailAddress),
    /// The new address that the user has requested.
    NewAddress(UserId, EmailAddress),
    /// This user. The email goes to the stored address.
    User(UserId),
    /// The user whom a change affects. The intent is written together with that change.
    UserOfFact,
}

impl Intent {
    /// An email that is due now and may be sent until `lifetime` has passed.
    #[must_use]
    pub fn new(
        letter: LetterKind,
        recipient: Recipient,
        now: Timestamp,
        lifetime: Duration,
    ) -> Self {
        Self {
            id: IntentId::new(now),
            letter,
            recipient,
            payload: Map::new(),
            created_at: now,
            not_after: now + lifetime,
        }
    }

    /// An email without a link that reports a client's action. The email may be sent for a week.
    #[must_use]
    pub fn notice(
        letter: LetterKind,
        recipient: Recipient,
        now: Timestamp,
        client: &ClientInfo,
    ) -> Self {
        let mut notice = Self::new(letter, recipient, now, NOTICE_LIFETIME);
        if let Some(ip) = client.ip {
            notice = notice.with("ip", ip.to_string());
        }
        if let Some(user_agent) = &client.user_agent {
            notice = notice.with("user_agent", user_agent.as_str());
        }
        notice
    }

    /// Adds data, which must not contain a token.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.payload.insert(name.to_owned(), value.into());
        self
    }
}

impl Recipient {
    /// The same recipient, with the user filled in. `None` if the user is needed but not given.
    pub(crate) fn of(&self, user: Option<UserId>) -> Option<Self> {
        match self {
            Self::UserOfFact => user.map(Self::User),
            _ => Some(self.clone()),
        }
    }

    /// The user and the address, as two columns. At least one is set, except for [`UserOfFact`](Self::UserOfFact).
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn to_columns(&self) -> (Option<UserId>, Option<&EmailAddress>) {
        match self {
            Self::Holder(address) => (None, Some(address)),
            Self::NewAddress(user, address) => (Some(*user), Some(address)),
            Self::User(user) => (Some(*user), None),
            Self::UserOfFact => (None, None),
        }
    }

    /// The recipient from these columns; `None` if both are empty.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn from_columns(
        user: Option<UserId>,
        address: Option<EmailAddress>,
    ) -> Option<Self> {
        match (user, address) {
            (None, Some(address)) => Some(Self::Holder(address)),
            (Some(user), Some(address)) => Some(Self::NewAddress(user, address)),
            (Some(user), None) => Some(Self::User(user)),
            (None, None) => None,
        }
    }
}

/// The account that an email was requested for, as it was at the time of the request.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Ordered {
    /// The user who owns the account.
    pub user_id: UserId,
    /// The address that the account had.
    pub address: EmailAddress,
    /// The version of the account's credentials.
    pub credential_version: i64,
}

/// The emails that one claim has leased.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Claims {
    /// Emails to be sent, starting with the one that has been due longest.
    pub intents: Vec<ClaimedIntent>,
    /// Emails that this version cannot read.
    pub unreadable: Vec<UnreadableIntent>,
}

impl Claims {
    /// How many intents were leased.
    #[must_use]
    pub fn len(&self) -> usize {
        self.intents.len() + self.unreadable.len()
    }

    /// Whether nothing was due.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An intent that this version cannot read, such as an intent with a letter from a newer version.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct UnreadableIntent {
    /// The identifier.
    pub id: IntentId,
    /// How often the intent has been claimed, including this claim. This number identifies the lease.
    pub attempt: i32,
    /// When it was requested.
    pub created_at: Timestamp,
    /// The reason why it cannot be read.
    pub error: String,
}

/// A due time that was set at `now` is ignored while the clock shows an earlier time than this, because the clock was
/// then set back.
pub(crate) fn holds_from(now: Timestamp) -> Timestamp {
    now - SKEW
}

/// An intent that a worker has leased.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct ClaimedIntent {
    /// The intent.
    pub intent: Intent,
    /// The account that the email was requested for. If the intent is for the holder of an address, or an older version
    /// wrote it, this is `None` until a claim has found the account.
    pub ordered: Option<Ordered>,
    /// The time of the change that the email reports. A retry of the email carries this time over, although the retry
    /// is requested later.
    pub ordered_at: Timestamp,
    /// How often the intent has been claimed, including this claim. This number identifies the lease.
    pub attempt: i32,
    /// Whether it was [admitted](crate::store::OutboxStore::admit) before.
    pub admitted: bool,
    /// The reason why the last attempt failed.
    pub last_error: Option<String>,
}
