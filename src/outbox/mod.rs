//! The emails that are still to be sent, as intents: the letter, its recipient and its data.
//!
//! An intent is written in the same statement or transaction as the change that it reports, so that the email is sent
//! if and only if the change is committed. The intent contains no token, because the worker derives the token. The
//! intent records [the account that it was requested for](Ordered), so that no later attempt picks another recipient. A
//! notice is sent to the address that the account had when the email was requested. A link is not mailed once the
//! address or the credentials have changed.

mod entry;
mod intent;
mod kind;

pub use self::{
    entry::{Admission, MailEntry, MailStatus, RetriedMail, RetryMail, UnknownMailStatus},
    intent::{ClaimedIntent, Claims, Intent, IntentId, Ordered, Recipient, UnreadableIntent},
    kind::{LetterKind, UnknownLetter},
};
pub(crate) use self::{
    intent::{SKEW, holds_from},
    kind::letters,
};
