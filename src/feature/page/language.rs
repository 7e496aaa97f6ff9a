//! The languages of the pages.

use ::http::{HeaderMap, header::ACCEPT_LANGUAGE};

use super::texts::{DE, EN, ES, FR, Texts, ZH};
use crate::user::Locale;

/// The languages of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Chinese,
    English,
    French,
    German,
    Spanish,
}

impl Language {
    /// The language that a browser prefers (RFC 9110, section 12.5.4); English if the browser
    /// accepts none of these languages.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values: Vec<&str> = headers
            .get_all(ACCEPT_LANGUAGE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let there = [Locale::EN, Locale::DE, Locale::ES, Locale::FR, Locale::ZH];
        match Locale::accepted(&values.join(","), &there).map(Locale::as_str) {
            Some("de") => Self::German,
            Some("es") => Self::Spanish,
            Some("fr") => Self::French,
            Some("zh") => Self::Chinese,
            _ => Self::English,
        }
    }

    pub(super) fn texts(self) -> &'static Texts {
        match self {
            Self::Chinese => &ZH,
            Self::English => &EN,
            Self::French => &FR,
            Self::German => &DE,
            Self::Spanish => &ES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(header: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
        Language::of(&headers).texts().lang
    }

    #[test]
    fn the_most_preferred_language_is_used() {
        for (header, lang) in [
            ("de", "de"),
            ("DE-at,de;q=0.9,en;q=0.8", "de"),
            ("nl, fr;q=0.5, es;q=0.501", "es"),
            ("nl;q=0.9, *;q=0.1", "en"),
            ("zh-Hant-TW", "zh-Hans"),
            ("en;q=0.2,fr ; q=1.0", "fr"),
            ("fr;q=0, en;q=0", "en"),
            ("fr;q=2, de;q=x, es;q=0.0001, zh;q=1.5", "en"),
            ("", "en"),
            ("\u{7f}".trim_matches('\u{7f}'), "en"),
            (";;,,q=1,-,de;q=0.1", "de"),
        ] {
            assert_eq!(chosen(header), lang, "{header}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
