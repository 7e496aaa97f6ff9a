//! Removes email addresses from a string before it is logged.
//!
//! A mail server's reply may quote the recipient or a forwarding address. More people can read the
//! log than the list of emails.

use crate::user::EmailAddress;

const MASK: &str = "[address]";

/// Masks this address regardless of case, its local part as a separate word, and any other word
/// that contains an `@`.
pub(super) fn without_addresses(text: &str, recipient: Option<&EmailAddress>) -> String {
    let mut text = text.to_owned();
    for known in recipient.map(spellings).iter().flatten() {
        text = without(&text, known);
    }
    text.split_inclusive(is_between)
        .map(|part| {
            let word = part.trim_end_matches(is_between);
            let between = part.get(word.len()..).unwrap_or_default();
            // Inside another address or a URL, the `@` of an address may be written as `%40` or `=40`.
            let is_address = ["@", "%40", "=40"].iter().any(|at| word.contains(at));
            [if is_address { MASK } else { word }, between].concat()
        })
        .collect()
}

/// The spellings that a server may quote, longest first: the address as given, the address as sent, and the local
/// part.
fn spellings(address: &EmailAddress) -> Vec<String> {
    let mut spellings = vec![address.as_str().to_owned(), address.canonical().to_owned()];
    let local = |text: &str| text.rsplit_once('@').map(|(local, _)| local.to_owned());
    if let (Some(local), Some((_, domain))) = (
        local(address.as_str()),
        address.canonical().rsplit_once('@'),
    ) {
        spellings.push(format!("{local}@{domain}"));
        spellings.push(local);
    }
    spellings
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || "<>()[]{}\"',;:".contains(c)
}

/// Masks each occurrence of this text as a separate word.
fn without(text: &str, known: &str) -> String {
    let (mut masked, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let found = rest
            .get(..known.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(known));
        let after = rest.get(known.len()..).filter(|_| found);
        let ends = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        match after {
            Some(after) if ends(masked.chars().last()) && ends(after.chars().next()) => {
                masked.push_str(MASK);
                rest = after;
            }
            _ => {
                masked.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn no_spelling_of_an_address_is_left() {
        let address = "O'Brien.1@B\u{fc}cher.example".parse().unwrap();
        for (text, expected) in [
            ("550 5.1.1 no such user", "550 5.1.1 no such user"),
            (
                "550 5.1.1 <o'brien.1@xn--bcher-kva.example>: unknown",
                "550 5.1.1 <[address]>: unknown",
            ),
            (
                "550 O'BRIEN.1... User unknown",
                "550 [address]... User unknown",
            ),
            ("550 O'Brien.12 is another", "550 O'Brien.12 is another"),
            (
                "451 for O'Brien.1@B\u{fc}cher.example,see",
                "451 for [address],see",
            ),
            (
                "550 relay of real.name@other.example: no",
                "550 relay of [address]: no",
            ),
            (
                "550 see https://mx.example/?to=ann%40example.org",
                "550 see https:[address]",
            ),
            ("550 <bounce+ann=40example.org> no", "550 <[address]> no"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(text, Some(&address)), expected);
        }
        let text = "550 <ann@example.org> no";
        assert_eq!(without_addresses(text, None), "550 <[address]> no");
    }
}
