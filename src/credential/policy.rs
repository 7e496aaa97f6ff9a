use zeroize::Zeroizing;

use super::common::is_common;
use crate::{
    error::{Error, ErrorKind, Result, Violation},
    secret::Password,
    user::EmailAddress,
};

const FLOOR: usize = 8;
const MAX_CODE_POINTS: usize = 256;
const MAX_BYTES: usize = 1024;

/// What a new password must be: long enough, not too long, not a common one, not the address it goes with.
///
/// There are no rules about kinds of characters, and no expiry (NIST SP 800-63B section 3.1.1.2 forbids both).
///
/// A password is compared byte for byte, without Unicode normalisation. RFC 8265 would map some spaces and compose
/// to NFC; a hash made elsewhere and imported was as a rule not prepared that way, and who types the same password
/// on the same keyboard sends the same bytes. Nothing is trimmed and nothing is cut off.
///
/// ```
/// use hallpass::{Password, credential::PasswordPolicy};
///
/// let policy = PasswordPolicy::default();
/// let error = policy.check("password", &Password::new("PassWord1"), None).unwrap_err();
/// assert_eq!(error.violations()[0].code, "common_password");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy {
    min: usize,
}

impl PasswordPolicy {
    /// Passwords of at least `min` code points.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) if `min` is below 8 or above 256.
    pub fn new(min: usize) -> Result<Self> {
        if (FLOOR..=MAX_CODE_POINTS).contains(&min) {
            Ok(Self { min })
        } else {
            Err(Error::configuration(format!(
                "the minimum length of passwords is between {FLOOR} and {MAX_CODE_POINTS}, not {min}"
            )))
        }
    }

    /// How many code points a password has at least.
    #[must_use]
    pub fn min(&self) -> usize {
        self.min
    }

    /// Checks a new password of the account with this address. `member` is the name it has in the request.
    ///
    /// # Errors
    /// [`WeakPassword`](ErrorKind::WeakPassword) with every rule it violates: `too_short`, `too_long`,
    /// `control_character`, `common_password`, `contains_address`.
    pub fn check(
        &self,
        member: &str,
        password: &Password,
        email: Option<&EmailAddress>,
    ) -> Result<()> {
        let mut violations = shape(member, password);
        let mut violate =
            |code, detail: String| violations.push(Violation::new(member, code, detail));
        let text = password.expose();
        if text.chars().take(self.min).count() < self.min {
            let detail = format!("a password has at least {} characters", self.min);
            violate("too_short", detail);
        }
        // Comparing a text beyond the cap would only cost time.
        if text.len() <= MAX_BYTES {
            let lowercased = Zeroizing::new(text.to_lowercase());
            if is_common(&lowercased) {
                violate("common_password", "this is a common password".to_owned());
            }
            if email.is_some_and(|email| repeats(&lowercased, email)) {
                violate("contains_address", "this is the email address".to_owned());
            }
        }
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::WeakPassword).with_violations(violations))
        }
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min: FLOOR }
    }
}

/// Refuses what no password can be, before it costs a hash: more than 256 code points or 1024 bytes, or control
/// characters. Every door calls it before it looks anything up, so that the answer tells nothing.
///
/// # Errors
/// [`ValidationFailed`](ErrorKind::ValidationFailed) with `too_long` or `control_character`.
pub fn ensure_checkable(member: &str, password: &Password) -> Result<()> {
    let violations = shape(member, password);
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::validation(violations))
    }
}

fn shape(member: &str, password: &Password) -> Vec<Violation> {
    let text = password.expose();
    let mut violations = Vec::new();
    if text.len() > MAX_BYTES || text.chars().count() > MAX_CODE_POINTS {
        let detail =
            format!("a password has at most {MAX_CODE_POINTS} characters and {MAX_BYTES} bytes");
        violations.push(Violation::new(member, "too_long", detail));
    }
    if text.chars().any(char::is_control) {
        let detail = "a password has no control characters";
        violations.push(Violation::new(member, "control_character", detail));
    }
    violations
}

/// Whether the password contains the whole address, or is its local part.
fn repeats(lowercased: &str, email: &EmailAddress) -> bool {
    let given = email.as_str().to_lowercase();
    [email.canonical(), &given].into_iter().any(|address| {
        let local = address.rsplit_once('@').map(|(local, _)| local);
        lowercased.contains(address) || local == Some(lowercased)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(error: &Error) -> Vec<&'static str> {
        error.violations().iter().map(|v| v.code).collect()
    }

    #[test]
    fn a_new_password_violates_just_the_rules_it_breaks() {
        let email: EmailAddress = "Ann.Example@Example.ORG".parse().unwrap();
        let long = "a".repeat(257);
        let wide = "\u{10348}".repeat(257);
        for (password, expected) in [
            ("", &["too_short"][..]),
            ("a1!Zq9x", &["too_short"]),
            ("a1!Zq9xw", &[]),
            ("zoë-zoëz", &[]),
            ("zoë-zoë", &["too_short"]),
            ("correct horse battery staple", &[]),
            ("                    ", &[]),
            ("PASSWORD1", &["common_password"]),
            ("password1 ", &[]),
            ("ann.example@example.org", &["contains_address"]),
            ("my ANN.example@EXAMPLE.org!", &["contains_address"]),
            ("ann.EXAMPLE", &["contains_address"]),
            ("ann.example1", &[]),
            ("tab\tinside", &["control_character"]),
            ("nul\0", &["control_character", "too_short"]),
            (&long, &["too_long"]),
            (&wide, &["too_long"]),
            (&"x".repeat(256), &[]),
            (&"\u{10348}".repeat(256), &[]),
        ] {
            let result =
                PasswordPolicy::default().check("password", &Password::new(password), Some(&email));
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
        let check = |text: &str| policy.check("p", &text.into(), None);
        assert!(check("fourteen chars").is_err());
        assert!(check("fifteen chars !").is_ok());
    }

    #[test]
    fn what_cannot_be_a_password_is_refused_before_hashing() {
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
