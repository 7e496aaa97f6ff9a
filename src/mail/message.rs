//! An email and its content.

use std::fmt;

use super::IntentId;
use crate::{clock::Timestamp, user::EmailAddress};

const MAX_SUBJECT: usize = 200;

/// The content of an email.
#[derive(Clone)]
#[allow(clippy::exhaustive_structs, reason = "a plain record")]
pub struct Content {
    /// The subject: one line.
    pub subject: String,
    /// The plain text, with the link.
    pub text: String,
    /// The same content as HTML.
    pub html: String,
}

/// An email, ready to be sent. `Debug` prints no content, because the email may contain a one-time
/// link.
#[derive(Clone)]
pub struct Mail {
    id: IntentId,
    date: Timestamp,
    to: EmailAddress,
    content: Content,
}

impl Mail {
    /// An email to `to`. Its Message-ID is built from `id`, so an email that is sent again after a
    /// failure has the same Message-ID.
    ///
    /// Control characters in the subject become spaces, so that it cannot start another header. The subject is cut off
    /// after 200 characters, so that it fits into one header.
    #[must_use]
    pub fn new(id: IntentId, date: Timestamp, to: EmailAddress, mut content: Content) -> Self {
        let subject = content.subject.trim().chars().take(MAX_SUBJECT);
        content.subject = subject
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        Self {
            id,
            date,
            to,
            content,
        }
    }

    /// The identifier, which is also the first half of the Message-ID.
    #[must_use]
    pub fn id(&self) -> IntentId {
        self.id
    }

    /// The time at which it was written.
    #[must_use]
    pub fn date(&self) -> Timestamp {
        self.date
    }

    /// The only recipient.
    #[must_use]
    pub fn to(&self) -> &EmailAddress {
        &self.to
    }

    /// The subject: one line.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.content.subject
    }

    /// The plain text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.content.text
    }

    /// The same content as HTML.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.content.html
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("id", &self.id)
            .field("to", &self.to)
            .field("subject", &self.content.subject)
            .finish_non_exhaustive()
    }
}
