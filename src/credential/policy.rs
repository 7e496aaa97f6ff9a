//! The password policy.

mod context;
mod pattern;
#[cfg(feature = "strength")]
mod strength;

use zeroize::Zeroizing;

pub use self::context::PasswordContext;
#[cfg(feature = "strength")]
use self::strength::MinStrength;
use self::{context::Words, pattern::is_pattern};
use super::{common::is_common, prepared::prepared};
use crate::{
    error::{Error, ErrorKind, Result, Violation, Weakness},
    secret::{EXAMPLE_PASSWORD, Password},
};

const FLOOR: usize = 8;
const MAX_CODE_POINTS: usize = 256;
const MAX_BYTES: usize = 1024;

/// The rules for a new password. It must be long enough, not too long and not common, and must not consist of a known
/// word, such as the user's name or the product name. A password that has at most two different characters, such as
/// `********`, or that is a run, such as `12345678` or `hgfedcba`, is refused as
/// [`TooGuessable`](Weakness::TooGuessable).
///
/// The password in the documentation's examples counts as a common password.
///
/// There are no rules about the kinds of characters in a password, and passwords do not expire
/// (NIST SP 800-63B section 3.1.1.2 forbids both). A password that merely contains a known word is
/// not refused for that reason.
///
/// A password is prepared according to RFC 8265 (OpaqueString) before the rules are checked. Each Unicode space becomes
/// U+0020, and the text is composed (NFC), so that the same password typed on a different system matches. Differences
/// in case, in width, and between compatibility characters (such as `ﬁ` and `fi`) still count, and nothing is trimmed
/// or truncated.
///
/// ```
/// use hallpass::{secret::Password, credential::{PasswordContext, PasswordPolicy}};
///
/// let policy = PasswordPolicy::default().with_words(["Initech"]);
/// let codes = |text: &str| {
///     let checked = policy.check("password", &Password::new(text), &PasswordContext::default());
///     checked.err().map(|error| error.violations()[0].code)
/// };
/// assert_eq!(codes("PassWord1"), Some("common_password"));
/// assert_eq!(codes("initech-2025"), Some("contains_product"));
/// assert_eq!(codes("a stapler at initech"), None);
/// ```
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    min: usize,
    words: Vec<String>,
    #[cfg(feature = "strength")]
    strength: Option<MinStrength>,
}

impl PasswordPolicy {
    /// A policy that requires at least `min` code points.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) if `min` is below 8 or above 256.
    pub fn new(min: usize) -> Result<Self> {
        if (FLOOR..=MAX_CODE_POINTS).contains(&min) {
            Ok(Self {
                min,
                ..Self::default()
            })
        } else {
            Err(Error::configuration(format!(
                "the minimum length of passwords must be between {FLOOR} and {MAX_CODE_POINTS}, not {min}"
            )))
        }
    }

    /// Adds words that a password must not consist of, such as the names of the company and its services. The product
    /// name in the [email templates](crate::mail::Templates::new) is included automatically. Words of fewer than three
    /// bytes are ignored.
    #[must_use]
    pub fn with_words<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// The minimum number of code points in a password.
    #[must_use]
    pub fn min(&self) -> usize {
        self.min
    }

    /// Checks a new password for an account. `member` is the name of the request member that contains the password. The
    /// check makes no network request.
    ///
    /// # Errors
    /// [`WeakPassword`](ErrorKind::WeakPassword) with every [`Weakness`] of the password, except
    /// [`Breached`](Weakness::Breached).
    pub fn check(
        &self,
        member: &str,
        password: &Password,
        context: &PasswordContext<'_>,
    ) -> Result<()> {
        let password = &prepared_within_reason(password);
        let text = password.expose();
        let mut found = shape(password);
        if text.chars().take(self.min).count() < self.min {
            found.push(Weakness::TooShort);
        }
        // A string beyond the limit is refused anyway, so comparing it would only cost time.
        if text.len() <= MAX_BYTES {
            if text == EXAMPLE_PASSWORD || is_common(&Zeroizing::new(text.to_lowercase())) {
                found.push(Weakness::Common);
            }
            let words = Words::new(&self.words, context);
            found.extend(words.weaknesses(text));
            let is_pattern = found.is_empty() && is_pattern(text);
            #[cfg(feature = "strength")]
            let is_weak = self.strength.is_some_and(|min| !min.is_met(text, &words));
            #[cfg(not(feature = "strength"))]
            let is_weak = false;
            if is_pattern || is_weak {
                found.push(Weakness::TooGuessable);
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        let violation = |weakness| match weakness {
            Weakness::TooShort => Violation::new(
                member,
                weakness.code(),
                format!("a password must have at least {} characters", self.min),
            ),
            _ => violation(member, weakness),
        };
        Err(Error::new(ErrorKind::WeakPassword)
            .with_violations(found.into_iter().map(violation).collect()))
    }

    /// Whether [`check`](Self::check) is slow, because it estimates the password's strength.
    pub(super) fn is_slow(&self) -> bool {
        #[cfg(feature = "strength")]
        let slow = self.strength.is_some();
        #[cfg(not(feature = "strength"))]
        let slow = false;
        slow
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min: FLOOR,
            words: Vec::new(),
            #[cfg(feature = "strength")]
            strength: None,
        }
    }
}

/// Refuses a string that cannot be a password, before a hash is computed for it. Such a string has more than 256 code
/// points or 1024 bytes, or contains control characters. Every entry point calls this function before any look-up, so
/// that the answer reveals nothing about an account. A string passes if it is within the limits either as typed or as
/// prepared.
///
/// # Errors
/// [`ValidationFailed`](ErrorKind::ValidationFailed) with `too_long` or `control_character`.
pub fn ensure_checkable(member: &str, password: &Password) -> Result<()> {
    let found = shape(password);
    if found.is_empty() || shape(&prepared_within_reason(password)).is_empty() {
        return Ok(());
    }
    Err(Error::validation(
        found
            .into_iter()
            .map(|found| violation(member, found))
            .collect(),
    ))
}

/// The violation that reports this weakness.
pub(super) fn violation(member: &str, weakness: Weakness) -> Violation {
    Violation::new(member, weakness.code(), weakness.meaning())
}

/// A string that would still be too long after preparation is not prepared. Composition (NFC) leaves
/// at least a third of the bytes.
fn prepared_within_reason(password: &Password) -> Password {
    if password.expose().len() > 4 * MAX_BYTES {
        return password.clone();
    }
    prepared(password)
}

fn shape(password: &Password) -> Vec<Weakness> {
    let text = password.expose();
    let mut found = Vec::new();
    if text.len() > MAX_BYTES || text.chars().count() > MAX_CODE_POINTS {
        found.push(Weakness::TooLong);
    }
    if text.chars().any(char::is_control) {
        found.push(Weakness::ControlCharacter);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::EmailAddress;

    fn codes(error: &Error) -> Vec<&'static str> {
        error.violations().iter().map(|v| v.code).collect()
    }

    #[test]
    fn a_new_password_violates_just_the_rules_it_breaks() {
        let email: EmailAddress = "Ann.Example@Example.ORG".parse().unwrap();
        let long = "a".repeat(257);
        let wide = "\u{10348}".repeat(257);
        let widest = "\u{10348}\u{10349}\u{10350}\u{10351}".repeat(64);
        for (password, expected) in [
            ("", &["too_short"][..]),
            ("a1!Zq9x", &["too_short"]),
            ("a1!Zq9xw", &[]),
            ("zoë-zoëz", &[]),
            ("zoë-zoë", &["too_short"]),
            ("correct horse battery staple", &[]),
            ("                    ", &["too_guessable"]),
            ("********", &["too_guessable"]),
            ("aaaaAAAA", &["too_guessable"]),
            ("abababababababab", &["too_guessable"]),
            ("abababababababac", &[]),
            ("2345678901", &["too_guessable"]),
            ("HgFeDcBa", &["too_guessable"]),
            ("PASSWORD1", &["common_password"]),
            ("password1 ", &[]),
            ("ann.example@example.org", &["contains_address"]),
            ("my ANN.example@EXAMPLE.org!", &["contains_address"]),
            ("ann.EXAMPLE", &["contains_address"]),
            ("ann.example1", &["contains_address"]),
            ("ann.example likes it here", &[]),
            ("tab\tinside", &["control_character"]),
            ("nul\0", &["control_character", "too_short"]),
            (&long, &["too_long"]),
            (&wide, &["too_long"]),
            (&"xyzz".repeat(64), &[]),
            (&widest, &[]),
        ] {
            let context = PasswordContext::new(&email);
            let password = Password::new(password);
            let result = PasswordPolicy::default().check("password", &password, &context);
            let found = result.as_ref().map_or_else(codes, |()| Vec::new());
            assert_eq!(found, expected, "{password:?}");
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::WeakPassword);
                assert_eq!(error.violations()[0].pointer, "/password");
            }
        }
    }

    #[test]
    fn the_minimum_is_never_below_eight() {
        assert!(PasswordPolicy::new(7).is_err());
        assert!(PasswordPolicy::new(257).is_err());
        let policy = PasswordPolicy::new(15).unwrap();
        let check = |text: &str| policy.check("p", &text.into(), &PasswordContext::default());
        assert!(check("fourteen chars").is_err());
        assert!(check("fifteen chars !").is_ok());
    }

    #[test]
    fn an_impossible_password_is_refused_before_hashing() {
        let megabyte = "e\u{301}".repeat(400_000);
        for (text, expected) in [
            ("short", None),
            ("nul\0inside", Some("control_character")),
            (megabyte.as_str(), Some("too_long")),
        ] {
            let result = ensure_checkable("current_password", &text.into());
            let code = result.as_ref().err().map(|e| e.violations()[0].code);
            assert_eq!(code, expected);
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::ValidationFailed);
                assert_eq!(error.violations()[0].pointer, "/current_password");
            }
        }
    }
}
