//! Recovery codes, for users who have lost their other second factors.

use std::{fmt, str::FromStr};

use zeroize::Zeroize;

use super::RECOVERY_CODES;
use crate::{
    id::UserId,
    secret::{HmacKey, TokenDigest, random_bytes},
};

/// The alphabet of Crockford's base32, which omits I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LEN: usize = 8;

/// A recovery code: 40 random bits as `XXXX-XXXX` in Crockford's base32. Case, dashes and spaces are ignored, and
/// letters that look like a digit are read as that digit. Each code is valid once.
///
/// ```
/// use hallpass::factor::RecoveryCode;
///
/// let code: RecoveryCode = "0abc-wxyz".parse()?;
/// assert_eq!(code.expose(), "0ABC-WXYZ");
/// # Ok::<(), hallpass::factor::InvalidRecoveryCode>(())
/// ```
#[derive(Clone)]
pub struct RecoveryCode(String);

/// The text is not a recovery code.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a recovery code has the form XXXX-XXXX")]
pub struct InvalidRecoveryCode(());

impl RecoveryCode {
    fn generate() -> Self {
        let bits = random_bytes::<LEN>();
        let digits = bits.iter().filter_map(|byte| {
            let digit = ALPHABET.get(usize::from(byte & 31));
            digit.copied().map(char::from)
        });
        Self::grouped(digits)
    }

    /// A new set of codes.
    pub(crate) fn set() -> Vec<Self> {
        (0..RECOVERY_CODES).map(|_| Self::generate()).collect()
    }

    /// The code as the user sees it. It is a secret, so be careful where you pass it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The digest of this code for this user.
    pub(crate) fn digest(&self, key: &HmacKey, user: UserId) -> TokenDigest {
        let message = [user.as_uuid().as_bytes(), self.0.as_bytes()].concat();
        TokenDigest::from(key.tag(&message))
    }

    fn grouped(digits: impl Iterator<Item = char>) -> Self {
        let mut text = String::with_capacity(LEN + 1);
        for (place, digit) in digits.enumerate() {
            if place == LEN / 2 {
                text.push('-');
            }
            text.push(digit);
        }
        Self(text)
    }
}

impl FromStr for RecoveryCode {
    type Err = InvalidRecoveryCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let meant = text.chars().filter(|c| !matches!(c, '-' | ' '));
        let digits: Option<Vec<char>> = meant.map(digit).take(LEN + 1).collect();
        match digits {
            Some(digits) if digits.len() == LEN => Ok(Self::grouped(digits.into_iter())),
            _ => Err(InvalidRecoveryCode(())),
        }
    }
}

/// The digit that a character is read as.
fn digit(c: char) -> Option<char> {
    let digit = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET
        .iter()
        .any(|known| char::from(*known) == digit)
        .then_some(digit)
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(redacted)")
    }
}

impl Drop for RecoveryCode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn set_has_ten_different_codes_that_are_read_back() {
        let codes = RecoveryCode::set();
        let shown: HashSet<&str> = codes.iter().map(RecoveryCode::expose).collect();
        assert_eq!(shown.len(), RECOVERY_CODES);
        for code in shown {
            assert_eq!(code.len(), LEN + 1);
            assert_eq!(code.parse::<RecoveryCode>().unwrap().expose(), code);
        }
    }

    #[test]
    fn case_dashes_and_lookalikes_are_ignored() {
        for text in ["0a1b-2cde", "OAIB2CDE", "oalb 2cde", "--0A1B2CDE"] {
            let code: RecoveryCode = text.parse().unwrap();
            assert_eq!(code.expose(), "0A1B-2CDE", "{text}");
        }
        for text in [
            "",
            "0A1B-2CD",
            "0A1B-2CDEF",
            "0A1B-2CDU",
            "0A1B–2CDE",
            &"0".repeat(9),
        ] {
            assert!(text.parse::<RecoveryCode>().is_err(), "{text}");
        }
    }
}
