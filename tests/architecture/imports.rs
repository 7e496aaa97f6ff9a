//! The modules of the crate that a file names, in `use` and elsewhere.

use crate::source::Source;

/// Every path of the crate that the file names, starting at the crate root.
pub(crate) fn imports(file: &Source) -> Vec<Vec<String>> {
    let tokens = &file.tokens;
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let inside_path = at > 0 && tokens[at - 1] == "::";
        let begins_path = tokens.get(at + 1).is_some_and(|next| next == "::");
        if inside_path || !begins_path {
            continue;
        }
        let base = match token.as_str() {
            "crate" => Vec::new(),
            "self" => file.module(),
            "super" => parent(&file.module()),
            _ => continue,
        };
        tree(&tokens[at + 2..], base, &mut found);
    }
    found
}

/// The re-exports of the file that shorten a path, by any kind of `pub use`.
pub(crate) fn published(file: &Source) -> Vec<Vec<String>> {
    let tokens = &file.tokens;
    let mut found = Vec::new();
    for (at, _) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| *token == "use")
    {
        let before = tokens[..at].iter().rev();
        let mut before =
            before.skip_while(|word| !matches!(word.as_str(), ";" | "}" | "]" | "pub"));
        let is_public = before.next().is_some_and(|word| word == "pub");
        let base = match tokens.get(at + 1).map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self") => file.module(),
            Some("super") => parent(&file.module()),
            _ => continue,
        };
        if is_public {
            tree(&tokens[at + 3..], base, &mut found);
        }
    }
    found
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// Reads a path or a group in braces and returns its number of tokens.
fn tree(tokens: &[String], base: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    match tokens.first().map(String::as_str) {
        Some("{") => group(tokens, &base, found),
        Some("super") => path(tokens, parent(&base), found),
        Some("self") => path(tokens, base, found),
        Some(word) if is_name(word) => {
            let mut longer = base;
            longer.push(word.to_owned());
            path(tokens, longer, found)
        }
        _ => 0,
    }
}

fn group(tokens: &[String], base: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut at = 1;
    while tokens.get(at).is_some_and(|token| token != "}") {
        at += tree(&tokens[at..], base.to_vec(), found);
        // Skips `as Name` and the comma.
        let rest = &tokens[at..];
        at += rest
            .iter()
            .take_while(|word| *word != "," && *word != "}")
            .count();
        at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
    }
    at + 1
}

/// Continues after the first word of `tokens`. `read` already ends with that word.
fn path(tokens: &[String], read: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let goes_on = tokens.get(1).is_some_and(|next| next == "::")
        && tokens
            .get(2)
            .is_some_and(|next| next == "{" || is_name(next));
    if goes_on {
        return 2 + tree(&tokens[2..], read, found);
    }
    found.push(read);
    1
}

fn is_name(word: &str) -> bool {
    word == "*" || word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[test]
fn every_way_to_name_a_module_is_seen() {
    let source = Source::new(
        "src/http/openapi/errors.rs",
        "use crate::{error::{Error, Result}, user::User as Person}; use super::super::problem::*; \
         use self::inner::A; fn f() -> crate::token::Pair<u8> { $crate::id::new::<u8>(http::x()) } \
         pub(in crate::http) struct S; pub(crate) struct T; use ::http::Uri;",
    );
    let found: Vec<String> = imports(&source)
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(
        found,
        [
            "error::Error",
            "error::Result",
            "user::User",
            "http::problem::*",
            "http::openapi::errors::inner::A",
            "token::Pair",
            "id::new",
            "http",
        ]
    );
}
