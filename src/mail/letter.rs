//! Letters and their data.

use std::{net::IpAddr, time::Duration};

use super::Link;
use crate::{clock::Timestamp, outbox::LetterKind, user::EmailAddress};

/// A letter with the data that its [kind](LetterKind) needs.
///
/// A letter names the browser and the system only if they are on the library's own lists. It never contains the
/// `User-Agent` itself, because a caller could use that header to make the service send text of the caller's choice.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Letter {
    /// The letter.
    pub kind: LetterKind,
    /// The link and how long it works, if the kind has a [purpose](LetterKind::purpose).
    pub link: Option<(Link, Duration)>,
    /// The time and client address of the action, in [notices](LetterKind::is_notice).
    pub seen: Option<Seen>,
    /// The `User-Agent` of the client that performed the action, if known.
    pub user_agent: Option<String>,
    /// The requested new address.
    pub new_email: Option<EmailAddress>,
    /// The recipient, whose address appears in the HTML.
    pub to: Option<EmailAddress>,
}

impl Letter {
    /// A letter of this kind, without data.
    #[must_use]
    pub fn new(kind: LetterKind) -> Self {
        Self {
            kind,
            link: None,
            seen: None,
            user_agent: None,
            new_email: None,
            to: None,
        }
    }
}

/// The time and client address of an action.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain record")]
pub struct Seen {
    /// The time.
    pub at: Timestamp,
    /// The client's address, if known.
    pub ip: Option<IpAddr>,
}
