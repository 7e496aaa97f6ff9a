//! The list of common passwords.

use std::cmp::Ordering;

/// The list is sorted by bytes, with one password per line, lower-case and ASCII only; see
/// `common_passwords.LICENSE.txt`.
static LIST: &str = include_str!("common_passwords.txt");

/// Whether the lower-cased password is one of the 11,611 most common passwords of 8 characters or more. The embedded
/// text itself is searched, so that no table is built at start or kept in memory.
pub(super) fn is_common(lowercased: &str) -> bool {
    let mut rest = LIST;
    while !rest.is_empty() {
        let (before, line, after) = middle_line(rest);
        rest = match lowercased.as_bytes().cmp(line.as_bytes()) {
            Ordering::Equal => return true,
            Ordering::Greater => after,
            Ordering::Less => before,
        };
    }
    false
}

/// The line in the middle of a string that consists of whole lines, and the text before and after
/// that line.
fn middle_line(text: &str) -> (&str, &str, &str) {
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let start = first.rfind('\n').map_or(0, |at| at + 1);
    let (before, from_line) = text.split_at(start);
    let end = first.len() - start + second.find('\n').map_or(second.len(), |at| at + 1);
    let (line, after) = from_line.split_at(end);
    (before, line.trim_end_matches('\n'), after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_found() {
        let mut lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.len() > 10_000);
        for line in &lines {
            assert!(is_common(line), "{line}");
            assert!(line.len() >= 8 && *line == line.to_lowercase(), "{line}");
        }
        let listed = lines.clone();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines, listed);
    }

    #[test]
    fn texts_other_than_a_line_are_not_found() {
        for text in ["", "\n", "password\n", "passwor", "\u{10ffff}", "!", "~~~~"] {
            assert!(!is_common(text), "{text:?}");
        }
    }
}
