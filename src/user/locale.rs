//! Languages.

use std::{borrow::Cow, fmt, str::FromStr};

/// The maximum length of a tag (RFC 5646 section 4.4.1).
const MAX_LENGTH: usize = 35;

/// A language, such as `de` or `pt-br`: a language tag (RFC 5646) in lower case.
///
/// ```
/// use hallpass::user::Locale;
///
/// let locale: Locale = "de-AT".parse()?;
/// assert_eq!((locale.as_str(), locale.language()), ("de-at", "de"));
/// # Ok::<(), hallpass::user::InvalidLocale>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Locale(Cow<'static, str>);

impl Locale {
    /// German.
    pub const DE: Self = Self(Cow::Borrowed("de"));
    /// English.
    pub const EN: Self = Self(Cow::Borrowed("en"));
    /// Spanish.
    pub const ES: Self = Self(Cow::Borrowed("es"));
    /// French.
    pub const FR: Self = Self(Cow::Borrowed("fr"));
    /// Chinese, simplified.
    pub const ZH: Self = Self(Cow::Borrowed("zh"));

    /// The tag, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first part of the tag: the language, without region or script.
    #[must_use]
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// The locale in `there` that matches best. The whole tag is tried first, and then each shorter prefix (RFC 4647
    /// section 3.4).
    #[must_use]
    pub fn look_up<'a>(&self, there: &'a [Self]) -> Option<&'a Self> {
        let mut range = self.as_str();
        loop {
            if let Some(found) = there.iter().find(|locale| locale.as_str() == range) {
                return Some(found);
            }
            range = range.rsplit_once('-')?.0;
        }
    }

    /// The locale in `there` that an `Accept-Language` header (RFC 9110 section 12.5.4) prefers; `None` if the header
    /// accepts none of them.
    ///
    /// ```
    /// use hallpass::user::Locale;
    ///
    /// let there = [Locale::EN, Locale::DE];
    /// let accepted = Locale::accepted("fr, de-CH;q=0.9, en;q=0.8", &there);
    /// assert_eq!(accepted, Some(&Locale::DE));
    /// ```
    #[must_use]
    pub fn accepted<'a>(header: &str, there: &'a [Self]) -> Option<&'a Self> {
        let mut ranges: Vec<(u16, &str)> = header
            .split(',')
            .filter_map(weighted)
            .filter(|(weight, _)| *weight > 0)
            .collect();
        // The sort is stable, so of two ranges with the same quality, the first is preferred.
        ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        ranges.iter().find_map(|(_, range)| match *range {
            "*" => there.first(),
            range => range.parse::<Self>().ok()?.look_up(there),
        })
    }
}

/// A language range and its quality in thousandths.
fn weighted(element: &str) -> Option<(u16, &str)> {
    let Some((range, parameter)) = element.split_once(';') else {
        return Some((1000, element.trim()));
    };
    let quality = parameter
        .trim()
        .strip_prefix(['q', 'Q'])?
        .trim_start()
        .strip_prefix('=')?
        .trim();
    let (whole, decimals) = quality.split_once('.').unwrap_or((quality, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    let weight = match whole {
        "0" => thousandths,
        "1" if thousandths == 0 => 1000,
        _ => return None,
    };
    Some((weight, range.trim()))
}

impl FromStr for Locale {
    type Err = InvalidLocale;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        let language = parts.next().unwrap_or_default();
        let is_language =
            (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
        let is_tag = parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        if is_language && is_tag && text.len() <= MAX_LENGTH {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(InvalidLocale(()))
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a language tag.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a language tag must look like `de` or `pt-br`")]
pub struct InvalidLocale(());

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: [Locale; 3] = [Locale::EN, Locale::DE, Locale::ZH];

    fn accepted(header: &str) -> Option<&'static str> {
        let found = Locale::accepted(header, &THERE)?;
        THERE.iter().find(|locale| *locale == found).map(|found| {
            ["en", "de", "zh"]
                .into_iter()
                .find(|tag| *tag == found.as_str())
                .unwrap()
        })
    }

    #[test]
    fn the_most_preferred_available_language_is_used() {
        for (header, expected) in [
            ("de", Some("de")),
            ("DE-at", Some("de")),
            ("zh-Hans-CN", Some("zh")),
            ("en;q=0.5, de;q=0.7", Some("de")),
            ("en;q=0.5,de;q=0.5", Some("en")),
            ("fr, de;q=0.9, *;q=0.1", Some("de")),
            ("fr, *;q=0.1", Some("en")),
            ("de;q=0, en;q=0.001", Some("en")),
            ("de ; q = 1.000", Some("de")),
            ("de;q=1.001, en", Some("en")),
            ("de;q=0.1234", None),
            ("de;level=1", None),
            ("fr", None),
            ("de;q=0", None),
            ("", None),
            (",,;;q=,q", None),
            ("d\u{e4}", None),
        ] {
            assert_eq!(accepted(header), expected, "{header:?}");
        }
    }

    #[test]
    fn a_malformed_tag_is_refused() {
        for text in [
            "",
            "d",
            "deut",
            "de-",
            "de_AT",
            "de-toolongapart",
            "../de",
            "d\u{e4}",
        ] {
            assert!(text.parse::<Locale>().is_err(), "{text:?}");
        }
        assert!("zh-Hans-CN".parse::<Locale>().is_ok());
        assert!(format!("de{}", "-a1".repeat(12)).parse::<Locale>().is_err());
    }
}
