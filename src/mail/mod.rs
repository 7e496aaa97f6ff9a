//! Mail: the letters, the mailers, and the outbox of unsent emails.
//!
//! A use case puts an [`Intent`] into the outbox, whether or not the address has an account. The delivery worker
//! claims the intent, resolves the account, and creates the [`Letter`] with its one-time link. The [`Templates`]
//! render the letter as a [`Mail`], which the worker passes to the [`Mailer`]: the terminal, a [`Mailbox`] in tests,
//! an SMTP server, or the host's own implementation.

mod letter;
mod links;
mod mailbox;
mod mailer;
mod message;
mod notices;
mod sender;
#[cfg(feature = "smtp")]
mod smtp;
mod templates;
mod terminal;

#[cfg(feature = "smtp")]
pub use self::smtp::SmtpMailer;
#[cfg(feature = "pages")]
pub(crate) use self::templates::{in_words, moment};
pub use self::{
    letter::{Letter, Seen},
    links::{Link, Links},
    mailbox::Mailbox,
    mailer::{MailError, Mailer},
    message::{Content, Mail},
    notices::Notices,
    sender::Sender,
    templates::Templates,
    terminal::TerminalMailer,
};
pub use crate::outbox::{
    Admission, ClaimedIntent, Claims, Intent, IntentId, LetterKind, MailEntry, MailStatus, Ordered,
    Recipient, RetriedMail, RetryMail, UnknownLetter, UnknownMailStatus, UnreadableIntent,
};
