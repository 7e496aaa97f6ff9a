//! The languages that the pages are available in.

use ::http::{HeaderMap, header::ACCEPT_LANGUAGE};

use super::texts::{DE, EN, ES, FR, Texts, ZH};
use crate::user::Locale;

/// The query parameter and form field that select a language.
pub(super) const UI: &str = "ui";

/// The languages that the pages are available in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
    French,
    German,
    Spanish,
}

impl Language {
    /// The languages in the order in which pages list them.
    pub(super) const ALL: [Self; 5] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Chinese,
    ];

    /// The language that a browser prefers (RFC 9110, section 12.5.4); English if the browser
    /// accepts none of these languages.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let values: Vec<&str> = headers
            .get_all(ACCEPT_LANGUAGE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let there = [Locale::EN, Locale::DE, Locale::ES, Locale::FR, Locale::ZH];
        Locale::accepted(&values.join(","), &there)
            .and_then(|locale| Self::named(locale.as_str()))
            .unwrap_or(Self::English)
    }

    /// The language with this value of `ui`.
    pub(super) fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.code() == code)
    }

    /// The value of `ui` for the language.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Spanish => "es",
        }
    }

    /// The language's name in the language itself.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chinese => "中文",
            Self::English => "English",
            Self::French => "Français",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
        }
    }

    pub(super) fn locale(self) -> Locale {
        match self {
            Self::Chinese => Locale::ZH,
            Self::English => Locale::EN,
            Self::French => Locale::FR,
            Self::German => Locale::DE,
            Self::Spanish => Locale::ES,
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

    fn headers(header: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
        headers
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
            let chosen = Language::accepted(&headers(header)).texts().lang;
            assert_eq!(chosen, lang, "{header}");
        }
        assert_eq!(Language::accepted(&HeaderMap::new()), Language::English);
    }
}
