//! Texts cut to the length that they may have in a reply.

use std::borrow::Cow;

/// Marks the end of a string that was cut.
const ELLIPSIS: &str = "…";

/// A string that takes at most `max` bytes in JSON, cut if it is longer.
pub(super) fn shown(text: &str, max: usize) -> Cow<'_, str> {
    match beginning(text, max) {
        whole if whole.len() == text.len() => Cow::Borrowed(text),
        _ => {
            let kept = beginning(text, max.saturating_sub(ELLIPSIS.len()));
            Cow::Owned(format!("{kept}{ELLIPSIS}"))
        }
    }
}

fn beginning(text: &str, max: usize) -> &str {
    text.char_indices()
        .scan(0_usize, |length, (start, char)| {
            *length += in_json(char);
            (*length <= max).then_some(start + char.len_utf8())
        })
        .last()
        .and_then(|end| text.get(..end))
        .unwrap_or_default()
}

/// The number of bytes that a character takes in JSON (RFC 8259, section 7).
fn in_json(char: char) -> usize {
    match char {
        '"' | '\\' => 2,
        '\0'..='\u{1f}' => 6,
        _ => char.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_text_that_fits_is_whole() {
        for text in ["", "/a", "/éé", "\0"] {
            assert_eq!(shown(text, 6), text);
        }
    }

    #[test]
    fn a_longer_text_is_cut_where_a_character_ends() {
        assert_eq!(shown("/abcdef", 6), "/ab…");
        assert_eq!(shown("ééé", 5), "é…");
        assert_eq!(shown("\u{1}\u{1}\u{1}", 12), "\u{1}…");
        assert_eq!(shown("\"\"\"\"", 7), "\"\"…");
    }

    #[test]
    fn a_shown_text_keeps_the_limit_in_json() {
        for char in ["a", "é", "𝄞", "\u{1}", "\u{7f}", "\"", "\\", "\n"] {
            let long = char.repeat(1000);
            let json = serde_json::to_string(&shown(&long, 128)).expect("a text has JSON");
            assert!(json.len() <= 128 + 2, "{char:?}: {}", json.len());
        }
    }
}
