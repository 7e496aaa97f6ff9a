//! Letters and their data.

use std::{net::IpAddr, time::Duration};

use super::Link;
use crate::{clock::Timestamp, outbox::LetterKind, user::EmailAddress};

/// A letter with all that its text says, as its [kind](LetterKind) has it.
///
/// A `User-Agent` is in none of them: it is the caller's own text, and would be a way to have us mail it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Letter {
    /// The letter.
    pub kind: LetterKind,
    /// The link in it, and for how long that works: where the kind has a [purpose](LetterKind::purpose).
    pub link: Option<(Link, Duration)>,
    /// When and from where something was done, in [notices](LetterKind::is_notice).
    pub seen: Option<Seen>,
    /// The new address that was asked for.
    pub new_email: Option<EmailAddress>,
}

impl Letter {
    /// A letter of this kind, without anything that it says yet.
    #[must_use]
    pub fn new(kind: LetterKind) -> Self {
        Self {
            kind,
            link: None,
            seen: None,
            new_email: None,
        }
    }
}

/// When and from where something was done.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain record")]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// From which address, if it is known.
    pub ip: Option<IpAddr>,
}
