//! The notice above a page's form.

use std::time::Duration;

use minijinja::{Value, context};

use super::{
    language::Language,
    layout::linked,
    texts::{Note, OwnTexts},
};
use crate::{
    error::{Error, ErrorKind},
    mail::in_words,
};

/// The reason why an unchanged form may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Busy,
    /// Too many wrong passwords.
    Locked {
        seconds: u64,
    },
    RateLimited {
        seconds: u64,
    },
}

impl Held {
    /// The reason that corresponds to the error, if there is one.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let seconds = seconds(error);
        match error.kind() {
            ErrorKind::Overloaded | ErrorKind::Unavailable => Some(Self::Busy),
            ErrorKind::RateLimited => Some(Self::RateLimited { seconds }),
            ErrorKind::TooManyAttempts => Some(Self::Locked { seconds }),
            _ => None,
        }
    }

    pub(super) fn notice(self, texts: &OwnTexts, language: Language) -> Notice {
        let common = &texts.common;
        match self {
            Self::Busy => Notice::alarm(&common.busy),
            Self::Locked { seconds } => Notice::wait(&common.locked, language, seconds),
            Self::RateLimited { seconds } => Notice::wait(&common.rate_limited, language, seconds),
        }
    }
}

/// The number of seconds after which a refused call may succeed.
pub(crate) fn seconds(error: &Error) -> u64 {
    let after = error.retry_after().unwrap_or_default();
    after.as_secs() + u64::from(after.subsec_nanos() > 0)
}

/// A failure with a heading, or a line that reports success.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// The heading; `None` if the notice reports success.
    title: Option<String>,
    /// HTML.
    text: String,
}

impl Notice {
    /// A failure.
    pub(super) fn alarm(note: &Note<String>) -> Self {
        Self::with_links(note, &[])
    }

    /// A failure whose text has links, in the order of the URLs.
    pub(super) fn with_links(note: &Note<String>, urls: &[&str]) -> Self {
        Self {
            title: Some(note.title.clone()),
            text: linked(&note.text, urls),
        }
    }

    /// A failure whose text contains a name in place of a placeholder.
    pub(super) fn about(note: &Note<String>, placeholder: &str, name: &str) -> Self {
        let filled = |text: &str| text.replace(&format!("{{{placeholder}}}"), name);
        Self {
            title: Some(filled(&note.title)),
            text: linked(&filled(&note.text), &[]),
        }
    }

    /// A failure notice that states how long the user has to wait.
    pub(super) fn wait(note: &Note<String>, language: Language, seconds: u64) -> Self {
        Self::about(note, "wait", &waiting(language, seconds))
    }

    /// A refusal by the host, with the host's own message.
    pub(super) fn refused(texts: &OwnTexts, text: &str) -> Self {
        Self {
            title: Some(texts.common.not_done.clone()),
            text: linked(text, &[]),
        }
    }

    /// A success.
    pub(super) fn good(text: &str) -> Self {
        Self {
            title: None,
            text: linked(text, &[]),
        }
    }

    pub(super) fn is_alarm(&self) -> bool {
        self.title.is_some()
    }

    pub(super) fn value(&self) -> Value {
        let text = Value::from_safe_string(self.text.clone());
        context! { title => &self.title, text }
    }
}

/// The text for a waiting time, rounded up.
fn waiting(language: Language, seconds: u64) -> String {
    let seconds = match seconds.max(1) {
        short @ ..90 => short,
        medium @ ..7200 => medium.div_ceil(60) * 60,
        long => long.div_ceil(3600) * 3600,
    };
    in_words(Duration::from_secs(seconds), &language.locale())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_back_too_early() {
        for (seconds, words) in [
            (0, "1 second"),
            (20, "20 seconds"),
            (181, "4 minutes"),
            (3599, "1 hour"),
            (7201, "3 hours"),
        ] {
            assert_eq!(waiting(Language::English, seconds), words);
        }
        assert_eq!(waiting(Language::German, 240), "4 Minuten");
    }
}
