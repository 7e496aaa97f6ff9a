//! Passwords that follow a simple pattern.

/// A password with fewer distinct characters than this counts as a pattern, regardless of its length.
const MIN_DISTINCT: usize = 3;

/// Whether a string has at most two different characters, or is an ascending or descending run, such as `abcdefgh` or
/// `87654321`. A character in a run may repeat. Case makes no difference. In an ascending run, `0` follows `9`, and
/// `a` follows `z`.
pub(super) fn is_pattern(text: &str) -> bool {
    is_monotonous(text) || is_run(text, is_step) || is_run(text, |before, c| is_step(c, before))
}

fn is_monotonous(text: &str) -> bool {
    let mut seen: [Option<char>; MIN_DISTINCT - 1] = [None; MIN_DISTINCT - 1];
    lowercased(text).all(|c| seen.iter_mut().any(|known| *known.get_or_insert(c) == c))
}

fn is_run(text: &str, is_step: impl Fn(char, char) -> bool) -> bool {
    lowercased(text)
        .zip(lowercased(text).skip(1))
        .all(|(before, c)| before == c || is_step(before, c))
}

/// Whether `c` is the successor of `before`.
fn is_step(before: char, c: char) -> bool {
    let next = match before {
        '9' => Some('0'),
        'z' => Some('a'),
        _ => char::from_u32(u32::from(before) + 1),
    };
    next == Some(c)
}

/// Yields the characters one by one, so that no copy of the password is kept.
fn lowercased(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::is_pattern;

    #[test]
    fn few_characters_and_runs_are_patterns() {
        for text in [
            "",
            "********",
            "0110100110010110",
            "aAaAbBbB",
            "12345678",
            "1234567890123",
            "87654321",
            "3210987654",
            "abcdefgh",
            "xyzabcde",
            "cbazyxwv",
            "11223344",
            "aaaabbbbcccc",
            "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}\u{ff17}\u{ff18}",
        ] {
            assert!(is_pattern(text), "{text}");
        }
    }

    #[test]
    fn a_broken_run_is_not_a_pattern() {
        for text in [
            "12345679",
            "abcdefgi",
            "12344321",
            "abcabcabc",
            "0110100110010112",
            "correct horse battery staple",
        ] {
            assert!(!is_pattern(text), "{text}");
        }
    }
}
