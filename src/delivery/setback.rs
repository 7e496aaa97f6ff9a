//! Why a mail did not go out this time, as an operator reads it.

use std::error::Error as StdError;

use crate::{error::Error, mail::MailError, secret::OneTimeToken};

const MAX_NOTE: usize = 500;

/// A failed try of one mail.
pub(super) struct Setback {
    /// For an operator. Holds no secret.
    pub(super) note: String,
    pub(super) kind: SetbackKind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SetbackKind {
    /// It would say what is not true any more.
    Expired,
    /// It may go better later.
    Passing,
    /// The mailer does not take this mail.
    Refused,
}

impl Setback {
    pub(super) fn expired(last_error: Option<&str>) -> Self {
        let mut note = "it expired before it could be sent".to_owned();
        if let Some(last_error) = last_error {
            note = one_line(&format!("{note}; the last try: {last_error}"));
        }
        Self {
            note,
            kind: SetbackKind::Expired,
        }
    }

    pub(super) fn passing(note: &str) -> Self {
        Self {
            note: one_line(note),
            kind: SetbackKind::Passing,
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "taken by map_err")]
    pub(super) fn of(error: Error) -> Self {
        Self::passing(&with_sources(&error))
    }

    pub(super) fn of_mailer(error: &MailError, token: Option<&OneTimeToken>) -> Self {
        let mut text = with_sources(error);
        if let Some(token) = token {
            // A server that refuses a mail may quote it.
            text = text.replace(token.expose(), "[token]");
        }
        Self {
            note: one_line(&text),
            kind: if error.is_permanent() {
                SetbackKind::Refused
            } else {
                SetbackKind::Passing
            },
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

/// Cut to what is worth keeping, without what a database does not take.
fn one_line(text: &str) -> String {
    let text = text
        .get(..text.floor_char_boundary(MAX_NOTE))
        .unwrap_or_default();
    text.replace(|c: char| c.is_control(), " ")
}
