//! Words from the account, such as its name and address, that must not make up a password.

use std::cmp::Reverse;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::{error::Weakness, user::EmailAddress};

/// The minimum length of a word: three ASCII letters, or one Han character. Shorter words occur in too many passwords.
const MIN_WORD_BYTES: usize = 3;
/// The minimum number of distinct characters besides the known words; fewer, such as a year or a PIN and a separator,
/// add almost nothing to a word.
const MIN_OTHER_CHARACTERS: usize = 6;

/// The known words of the account for which a new password is set. None of them is accepted as the password.
///
/// ```
/// use hallpass::{secret::Password, credential::{PasswordContext, PasswordPolicy}};
///
/// let ann = "ann@example.org".parse().unwrap();
/// let context = PasswordContext::new(&ann).with_display_name("Ann Perkins");
/// let policy = PasswordPolicy::default();
/// let error = policy.check("password", &Password::new("Perkins-1984"), &context).unwrap_err();
/// assert_eq!(error.violations()[0].code, "contains_name");
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct PasswordContext<'a> {
    email: Option<&'a EmailAddress>,
    display_name: Option<&'a str>,
}

impl<'a> PasswordContext<'a> {
    /// The context for an account with this address. In the default context, nothing is known about the account.
    pub fn new(email: &'a EmailAddress) -> Self {
        Self {
            email: Some(email),
            display_name: None,
        }
    }

    /// Adds the display name, if the account has one.
    pub fn with_display_name(mut self, name: impl Into<Option<&'a str>>) -> Self {
        self.display_name = name.into();
        self
    }
}

/// Words that a password must not consist of.
#[derive(Debug)]
pub(super) struct Words {
    /// The longest words come first, and equal words are adjacent.
    words: Vec<(String, Weakness)>,
    /// Whole addresses, lower-cased.
    addresses: Vec<String>,
}

impl Words {
    /// The host's words, and those of an account.
    pub(super) fn new(of_host: &[String], context: &PasswordContext<'_>) -> Self {
        let mut words = Vec::new();
        let mut add = |text: &str, weakness| {
            let text = fold(text);
            words.extend(
                text.split(|c: char| !c.is_alphanumeric())
                    .map(str::to_owned)
                    .chain([letters(&text)])
                    .filter(|word| word.len() >= MIN_WORD_BYTES)
                    .map(|word| (word, weakness)),
            );
        };
        let mut addresses = Vec::new();
        if let Some(email) = context.email {
            for address in [email.as_str(), email.canonical()] {
                add(address, Weakness::ContainsAddress);
                for half in address.split('@') {
                    add(half, Weakness::ContainsAddress);
                }
                addresses.push(address.to_lowercase());
            }
        }
        if let Some(name) = context.display_name {
            add(name, Weakness::ContainsName);
        }
        for word in of_host {
            add(word, Weakness::ContainsProduct);
        }
        words.sort_by(|(a, for_a), (b, for_b)| {
            (Reverse(a.len()), a, for_a).cmp(&(Reverse(b.len()), b, for_b))
        });
        words.dedup();
        Self { words, addresses }
    }

    /// All words. A word of several kinds appears once for each kind.
    #[cfg(feature = "strength")]
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|(word, _)| word.as_str())
    }

    /// The kinds of words that make up nearly all of the password, so that without them fewer than six distinct
    /// characters remain. Case, width, spaces and punctuation inside a word make no difference.
    ///
    /// A password that merely contains a word is not refused, unless the word is the whole address.
    pub(super) fn weaknesses(&self, password: &str) -> Vec<Weakness> {
        let folded = Zeroizing::new(fold(password));
        let mut rest = Zeroizing::new(letters(&folded));
        let mut found = Vec::new();
        for equal in self.words.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((word, _)) = equal.first() else {
                continue;
            };
            if rest.contains(word) {
                found.extend(equal.iter().map(|(_, weakness)| *weakness));
                // The space keeps the text on both sides from forming a new word.
                rest = Zeroizing::new(rest.replace(word, " "));
            }
        }
        let is_sign = |c: &char| !c.is_alphanumeric() && !c.is_whitespace();
        let mut others: Zeroizing<Vec<char>> = Zeroizing::new(
            rest.chars()
                .filter(|c| *c != ' ')
                .chain(folded.chars().filter(is_sign))
                .collect(),
        );
        others.sort_unstable();
        others.dedup();
        if others.len() >= MIN_OTHER_CHARACTERS {
            found.clear();
        }
        let lowercased = Zeroizing::new(password.to_lowercase());
        if self.addresses.iter().any(|a| lowercased.contains(a)) {
            found.push(Weakness::ContainsAddress);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The text with case and width normalized.
fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

fn letters(folded: &str) -> String {
    folded.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &[Weakness] = &[Weakness::ContainsAddress];
    const NAME: &[Weakness] = &[Weakness::ContainsName];
    const PRODUCT: &[Weakness] = &[Weakness::ContainsProduct];

    fn found(password: &str) -> Vec<Weakness> {
        let email: EmailAddress = "Ann.Example@Mail.example.ORG".parse().unwrap();
        let context = PasswordContext::new(&email).with_display_name("Leslie Knope-Wyatt");
        let host = ["Acme Notes".to_owned(), "Pawnee".to_owned()];
        Words::new(&host, &context).weaknesses(password)
    }

    #[test]
    fn a_repeated_or_padded_word_is_refused_as_a_password() {
        for (password, expected) in [
            ("ann.example", ADDRESS),
            ("ANNEXAMPLE", ADDRESS),
            ("a-n-n e.x.a.m.p.l.e", ADDRESS),
            ("annannannann", ADDRESS),
            ("ann!!!!!!!!!!!!!!!", ADDRESS),
            ("ann.example1", ADDRESS),
            ("ann.example1984", ADDRESS),
            ("org.mail", ADDRESS),
            ("1984example1984", ADDRESS),
            ("mail.example.org", ADDRESS),
            ("my ANN.example@MAIL.example.org!", ADDRESS),
            (
                "what a long text around ann.example@mail.example.org it is",
                ADDRESS,
            ),
            ("leslieknope", NAME),
            ("Knope Leslie", NAME),
            ("ＫＮＯＰＥ-2025", NAME),
            ("wyatt123", NAME),
            ("$$$Leslie$$$", NAME),
            ("Acme2025", PRODUCT),
            ("acmenotes", PRODUCT),
            ("pawnee-pawnee", PRODUCT),
            (
                "leslie@acme",
                &[Weakness::ContainsName, Weakness::ContainsProduct],
            ),
        ] {
            assert_eq!(found(password), expected, "{password}");
        }
    }

    #[test]
    fn a_password_with_a_word_in_it_is_one() {
        for password in [
            "",
            "12345678",
            "!!!!!!!!",
            "\u{1f512}\u{1f512}\u{1f512}",
            "correct horse battery staple",
            "the planner banned annual cannons",
            "leslie likes waffles",
            "ann!#%&/()=",
            "acme987654",
            "exampl3x",
        ] {
            assert_eq!(found(password), [], "{password}");
        }
    }

    #[test]
    fn one_han_character_is_a_word_and_two_letters_are_none() {
        let word = |name, password| {
            let context = PasswordContext::default().with_display_name(name);
            Words::new(&[], &context).weaknesses(password)
        };
        assert_eq!(word("李", "李李李李李李李李"), NAME);
        assert_eq!(word("李明", "李明1234"), NAME);
        assert_eq!(word("Zoë", "zoe\u{308}zoe\u{308}1"), NAME);
        assert!(word("Al", "alalalal").is_empty());
        assert!(word("", "alalalal").is_empty());
    }

    #[test]
    fn a_word_that_is_of_two_kinds_is_named_as_both() {
        let email: EmailAddress = "knope@example.org".parse().unwrap();
        let context = PasswordContext::new(&email).with_display_name("Leslie Knope");
        let found = Words::new(&[], &context).weaknesses("knope123");
        assert_eq!(found, [Weakness::ContainsAddress, Weakness::ContainsName]);
    }
}
