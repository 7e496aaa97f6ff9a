//! Rust source as words and signs, without comments and the content of literals.

/// The tokens of a source file, in order. `::` is one token, and so is a literal, which becomes `""`.
pub(crate) fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let (length, token) = next(rest);
        at += length;
        tokens.extend(token);
    }
    tokens
}

/// The length and the text of the next token. A space or a comment has no text.
fn next(rest: &[char]) -> (usize, Option<String>) {
    let literal = || Some("\"\"".to_owned());
    match rest {
        [c, ..] if c.is_whitespace() => (1, None),
        ['/', '/', ..] => (until(rest, '\n'), None),
        ['/', '*', ..] => (block_comment(rest), None),
        ['"', ..] => (string(rest), literal()),
        ['b' | 'c', '"', ..] => (1 + string(&rest[1..]), literal()),
        ['r', '"' | '#', ..] if raw_string(&rest[1..]).is_some() => {
            (1 + raw_string(&rest[1..]).unwrap(), literal())
        }
        ['b' | 'c', 'r', '"' | '#', ..] if raw_string(&rest[2..]).is_some() => {
            (2 + raw_string(&rest[2..]).unwrap(), literal())
        }
        ['\'', '\\', ..] => (3 + until(&rest[3..], '\'') + 1, literal()),
        ['\'', _, '\'', ..] => (3, literal()),
        [':', ':', ..] => (2, Some("::".to_owned())),
        [c, ..] if is_word(*c) => {
            let length = rest.iter().take_while(|c| is_word(**c)).count();
            (length, Some(rest[..length].iter().collect()))
        }
        [c, ..] => (1, Some(c.to_string())),
        [] => (1, None),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn until(rest: &[char], end: char) -> usize {
    rest.iter().take_while(|c| **c != end).count()
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of a raw string, from the first `#` or quote on; `None` for a raw identifier.
fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().take_while(|c| **c == '#').count();
    if rest.get(hashes) != Some(&'"') {
        return None;
    }
    let end: Vec<char> = format!("\"{}", "#".repeat(hashes)).chars().collect();
    let content = &rest[hashes + 1..];
    let length = content.windows(end.len()).position(|w| w == end)?;
    Some(hashes + 1 + length + end.len())
}

#[test]
fn comments_and_literals_are_left_out() {
    let source = r##"
        /// crate::a
        use crate::b; /* crate::c /* nested */ */
        let x = "crate::d \" crate::e"; let y = r#"crate::f "g" "#; let c = '"'; let q = '\'';
        fn f<'a>(x: &'a str) {} // crate::h
    "##;
    let text = tokens(source).join(" ");
    assert_eq!(
        text,
        "use crate :: b ; let x = \"\" ; let y = \"\" ; let c = \"\" ; let q = \"\" ; \
         fn f < ' a > ( x : & ' a str ) { }"
    );
}
