//! The mails that are still to be sent, as intents: which letter, to whom, and what it needs to know.
//!
//! An intent is written in the statement or transaction of the fact it tells of, so that a mail goes out if and only if
//! the fact is. It holds no token: the worker derives that.

mod entry;
mod intent;
mod kind;
mod store;

pub use self::{
    entry::{Admission, MailEntry, MailStatus, UnknownMailStatus},
    intent::{ClaimedIntent, Intent, IntentId, Recipient},
    kind::{LetterKind, UnknownLetter},
    store::OutboxStore,
};
