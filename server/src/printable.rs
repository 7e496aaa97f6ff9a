//! Text that neither breaks a line nor controls a terminal.

use std::borrow::Cow;

/// The text with an escape in place of each character that cannot be shown: controls, line separators, and characters
/// that change the direction of text.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_printable(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_debug());
        }
    }
    Cow::Owned(shown)
}

/// The text in quotes, unless it is one word.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| is_printable(c) && !c.is_whitespace() && !matches!(c, '"' | '=');
    if !text.is_empty() && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("\"{}\"", text.escape_debug()))
    }
}

pub(crate) fn is_printable(character: char) -> bool {
    matches!(character, '"' | '\'' | '\\') || character.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_people_is_kept() {
        for text in ["", "a b", "Zoë \u{1f511}", r#"it's "so" C:\"#] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn what_controls_a_terminal_is_escaped() {
        for (text, shown) in [
            ("a\nb\r\tc", r"a\nb\r\tc"),
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            ("\u{7f}\u{9b}2J", r"\u{7f}\u{9b}2J"),
            ("\u{2028}\u{202e}", r"\u{2028}\u{202e}"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(word(text), format!("\"{shown}\""));
        }
    }

    #[test]
    fn only_one_word_has_no_quotes() {
        assert_eq!(word("/auth/login"), "/auth/login");
        for (text, shown) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("a=b", r#""a=b""#),
            (r#"a"b"#, r#""a\"b""#),
        ] {
            assert_eq!(word(text), shown);
        }
    }
}
