//! Unicode preparation of passwords (RFC 8265).

use unicode_normalization::UnicodeNormalization as _;

use crate::secret::Password;

/// A password that has been prepared for hashing (RFC 8265, OpaqueString): each Unicode space is U+0020, and the text
/// is NFC, so that the same password typed on a different system matches. Compatibility
/// mappings (NFKC) are not applied, because they would make different passwords equal. Nothing is
/// trimmed or refused, because a password may contain code points that only a future Unicode
/// version assigns.
pub(super) fn prepared(password: &Password) -> Password {
    let text = password.expose();
    if text.is_ascii() {
        return password.clone();
    }
    // A string that has to grow would leave a copy of the password in memory. Nearly every text
    // fits into this capacity.
    let mut prepared = String::with_capacity(text.len() * 3);
    prepared.extend(text.chars().map(plain_space).nfc());
    Password::new(prepared)
}

/// Maps the category Zs to U+0020. This category contains all white space except control characters, line separators
/// and paragraph separators.
fn plain_space(c: char) -> char {
    let is_separator = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if c.is_whitespace() && !is_separator {
        ' '
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spaces_and_composition_change() {
        for (text, expected) in [
            ("", ""),
            ("  a\tb ", "  a\tb "),
            ("zoe\u{308}", "zo\u{eb}"),
            ("zo\u{eb}", "zo\u{eb}"),
            ("\u{1100}\u{1161}", "\u{ac00}"),
            ("a\u{a0}b\u{3000}c\u{202f}d\u{2003}e", "a b c d e"),
            ("a\u{2028}b\u{200b}c", "a\u{2028}b\u{200b}c"),
            // Canonically equivalent characters become the same character.
            ("\u{212b}\u{2126}", "\u{c5}\u{3a9}"),
            // These characters have only a compatibility mapping, which is not applied.
            ("\u{fb01}\u{2460}\u{ff21}", "\u{fb01}\u{2460}\u{ff21}"),
            ("\u{1f469}\u{200d}\u{1f680}", "\u{1f469}\u{200d}\u{1f680}"),
        ] {
            let once = prepared(&text.into());
            assert_eq!(once.expose(), expected);
            assert_eq!(prepared(&once).expose(), expected, "twice");
        }
    }
}
