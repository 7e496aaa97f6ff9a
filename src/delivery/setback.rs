//! The reason why an attempt to send an email failed, for operators.

use std::error::Error as StdError;

use super::masked::without_addresses;
use crate::{error::Error, mail::MailError, secret::OneTimeToken, user::EmailAddress};

const MAX_NOTE: usize = 500;

/// A failed attempt to send one email.
pub(super) struct Setback {
    /// The note for an administrator, who may see the recipient. It contains no secret.
    pub(super) note: String,
    /// The note for the log, without addresses.
    pub(super) logged: String,
    pub(super) kind: SetbackKind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SetbackKind {
    /// The email is no longer valid.
    Expired,
    /// A later attempt may succeed.
    Passing,
    /// The mailer refuses this email.
    Refused,
}

impl Setback {
    pub(super) fn expired(last_error: Option<&str>, recipient: &EmailAddress) -> Self {
        let mut note = "it expired before it could be sent".to_owned();
        if let Some(last_error) = last_error {
            note = format!("{note}; the last try: {last_error}");
        }
        Self::new(SetbackKind::Expired, &note, Some(recipient))
    }

    pub(super) fn passing(note: &str) -> Self {
        Self::new(SetbackKind::Passing, note, None)
    }

    #[allow(clippy::needless_pass_by_value, reason = "taken by map_err")]
    pub(super) fn of(error: Error) -> Self {
        Self::passing(&with_sources(&error))
    }

    pub(super) fn of_mailer(
        error: &MailError,
        token: Option<&OneTimeToken>,
        recipient: &EmailAddress,
    ) -> Self {
        let mut text = with_sources(error);
        if let Some(token) = token {
            // A server that refuses an email may quote it.
            text = text.replace(token.expose(), "[token]");
        }
        let kind = if error.is_permanent() {
            SetbackKind::Refused
        } else {
            SetbackKind::Passing
        };
        Self::new(kind, &text, Some(recipient))
    }

    fn new(kind: SetbackKind, note: &str, recipient: Option<&EmailAddress>) -> Self {
        Self {
            note: one_line(note),
            logged: one_line(&without_addresses(note, recipient)),
            kind,
        }
    }
}

fn with_sources(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Shortens the text to a useful length, and replaces control characters with spaces, because a database may refuse
/// such characters.
fn one_line(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_NOTE))
        .unwrap_or_default()
        .replace(|c: char| c.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A local part without its domain can only be recognized if the recipient is known.
    #[test]
    fn the_log_names_no_recipient() {
        let ann = "ann.exm@example.org".parse().unwrap();
        let reply = "550 Ann.Exm... User unknown <ann.exm@example.org>";
        for setback in [
            Setback::of_mailer(&MailError::permanent(reply), None, &ann),
            Setback::expired(Some(reply), &ann),
        ] {
            assert!(setback.note.contains(reply), "{}", setback.note);
            let logged = setback.logged.to_lowercase();
            assert!(logged.contains("user unknown"), "{logged}");
            assert!(!logged.contains("exm"), "{logged}");
        }
    }
}
