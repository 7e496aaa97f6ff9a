//! What a page says above its form.

use std::time::Duration;

use minijinja::{Value, context};

use super::{
    language::Language,
    layout::linked,
    texts::{Note, Texts},
};
use crate::mail::in_words;

/// A failure with a heading, or a line that reports success.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    /// The heading; `None` if the notice reports success.
    title: Option<String>,
    /// HTML.
    text: String,
}

impl Notice {
    /// A failure.
    pub(super) fn alarm(note: &Note, fill: impl Fn(&str) -> String) -> Self {
        Self {
            title: Some(fill(note.title)),
            text: linked(&fill(note.text), &[]),
        }
    }

    /// A failure whose text has links, in the order of the URLs.
    pub(super) fn with_links(note: &Note, urls: &[&str]) -> Self {
        Self {
            title: Some(note.title.to_owned()),
            text: linked(note.text, urls),
        }
    }

    /// A failure that passes after a time.
    pub(super) fn wait(note: &Note, language: Language, seconds: u64) -> Self {
        let wait = waiting(language, seconds);
        Self::alarm(note, |text| text.replace("{wait}", &wait))
    }

    /// The refusal of a host, in its own words.
    pub(super) fn refused(texts: &Texts, text: &str) -> Self {
        Self {
            title: Some(texts.common.not_done.to_owned()),
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

/// The words for a time to wait, rounded up.
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
