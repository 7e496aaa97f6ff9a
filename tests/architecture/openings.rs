//! The first line of a file.

use crate::source::Source;

/// Files without an opening summary line. The text may come from an included document.
pub(crate) fn missing(files: &[Source]) -> Vec<&str> {
    let opens = |file: &Source| {
        let first = file.text.lines().next().unwrap_or_default();
        let line = first.strip_prefix("//! ");
        line.is_some_and(|line| !line.trim().is_empty())
            || first.starts_with("#![doc = include_str!(")
    };
    let found = files.iter().filter(|file| !opens(file));
    found.map(|file| file.path.as_str()).collect()
}

#[test]
fn a_file_without_an_opening_line_is_found() {
    let found = |text: &str| missing(&[Source::new("src/user/mod.rs", text)]).len();
    assert_eq!(found("//! Users.\n\nuse crate::a;\n"), 0);
    assert_eq!(found("#![doc = include_str!(\"../docs/guide.md\")]\n"), 0);
    assert_eq!(found("use crate::a;\n"), 1);
    assert_eq!(found("/// A user.\npub struct User;\n"), 1);
    assert_eq!(found("\n//! Users.\n"), 1);
    assert_eq!(found("//!\n//! Users.\n"), 1);
    assert_eq!(found(""), 1);
}
