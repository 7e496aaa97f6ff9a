use ::http::{HeaderMap, header::ACCEPT_LANGUAGE};

use super::texts::{DE, EN, ES, FR, Texts, ZH};

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
    /// The one that a browser asks for most (RFC 9110, section 12.5.4); English if it asks for none of ours.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut best = (0, Self::English);
        for value in headers.get_all(ACCEPT_LANGUAGE) {
            let ranges = value.to_str().unwrap_or_default().split(',');
            for (language, weight) in ranges.filter_map(range) {
                if weight > best.0 {
                    best = (weight, language);
                }
            }
        }
        best.1
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

/// One range of the header, if it is a language of ours, and its weight in thousandths.
fn range(text: &str) -> Option<(Language, u32)> {
    let mut parts = text.split(';').map(str::trim);
    let primary = parts.next()?.split('-').next()?.to_ascii_lowercase();
    let language = match primary.as_str() {
        "de" => Language::German,
        "en" | "*" => Language::English,
        "es" => Language::Spanish,
        "fr" => Language::French,
        "zh" => Language::Chinese,
        _ => return None,
    };
    let weight = match parts.find_map(|part| part.strip_prefix("q=")) {
        Some(weight) => thousandths(weight)?,
        None => 1000,
    };
    Some((language, weight))
}

/// `0.8` is 800.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if fraction.len() > 3 || !matches!(whole, "0" | "1") {
        return None;
    }
    let thousandths: u32 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (thousandths <= 1000).then_some(thousandths)
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
    fn the_language_asked_for_most_is_taken() {
        for (header, lang) in [
            ("de", "de"),
            ("DE-at,de;q=0.9,en;q=0.8", "de"),
            ("nl, fr;q=0.5, es;q=0.501", "es"),
            ("nl;q=0.9, *;q=0.1", "en"),
            ("zh-Hant-TW", "zh"),
            ("en;q=0.2,fr ; q=1.0", "fr"),
            ("fr;q=0, en;q=0", "en"),
            ("fr;q=2, de;q=x, es;q=0.0001, zh;q=1.5", "en"),
            ("", "en"),
            ("\u{7f}".trim_matches('\u{7f}'), "en"),
            (";;,,q=1,-,de-;q=0.1", "de"),
        ] {
            assert_eq!(chosen(header), lang, "{header}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
