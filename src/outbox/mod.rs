//! The mails that are still to be sent, as intents: the letter, its recipient and its data.
//!
//! An intent is written in the statement or transaction of the fact it reports, so that a mail goes out if and only if
//! the fact exists. It holds no token: the worker derives the token. It keeps [the account that it was ordered
//! for](Ordered), so that no later attempt picks another recipient: a notice goes to the address of that time, and a
//! link is not mailed once the address or the credentials have changed.

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
