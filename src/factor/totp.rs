//! Time-based one-time codes (TOTP, RFC 6238): six digits, SHA-1, steps of 30 seconds.

use std::{fmt, str::FromStr};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use zeroize::Zeroizing;

use crate::{clock::Timestamp, secret::random_bytes};

const STEP: i64 = 30;
const DIGITS: usize = 6;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MODULUS: u32 = 1_000_000;
/// The length of the key in bytes, equal to the length of the hash, as RFC 4226 section 4
/// recommends.
const KEY: usize = 20;

/// A code from an authenticator app: six digits. Spaces are ignored.
///
/// ```
/// use hallpass::factor::TotpCode;
///
/// assert!("123 456".parse::<TotpCode>().is_ok());
/// assert!("12345".parse::<TotpCode>().is_err());
/// ```
#[derive(Clone)]
pub struct TotpCode([u8; DIGITS]);

/// The text is not a code of six digits.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a code has six digits")]
pub struct InvalidTotpCode(());

impl FromStr for TotpCode {
    type Err = InvalidTotpCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut code = [0; DIGITS];
        let mut places = code.iter_mut();
        for byte in text.bytes().filter(|byte| *byte != b' ') {
            let place = places.next().filter(|_| byte.is_ascii_digit());
            *place.ok_or(InvalidTotpCode(()))? = byte;
        }
        match places.next() {
            None => Ok(Self(code)),
            Some(_) => Err(InvalidTotpCode(())),
        }
    }
}

impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode(redacted)")
    }
}

/// The secret key shared by an authenticator app and the server.
#[derive(Clone)]
pub(crate) struct TotpKey(Zeroizing<[u8; KEY]>);

impl TotpKey {
    pub(crate) fn generate() -> Self {
        Self(Zeroizing::new(random_bytes()))
    }

    /// `None` if the length is wrong.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// The key in base32 without padding (RFC 4648), as authenticator apps read it.
    pub(crate) fn base32(&self) -> Zeroizing<String> {
        let (mut text, mut buffer, mut bits) = (Zeroizing::new(String::new()), 0_u32, 0);
        for byte in self.0.iter() {
            buffer = (buffer << 8) | u32::from(*byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                let place = usize::try_from((buffer >> bits) & 31).unwrap_or_default();
                text.extend(ALPHABET.get(place).copied().map(char::from));
            }
        }
        text
    }

    /// Reads a key in base32 without padding.
    #[cfg(feature = "testing")]
    pub(crate) fn from_base32(text: &str) -> Option<Self> {
        let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
        for letter in text.bytes() {
            let digit = ALPHABET.iter().position(|known| *known == letter)?;
            buffer = (buffer << 5) | u32::try_from(digit).ok()?;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
            }
        }
        Self::from_bytes(&bytes)
    }

    /// The code for the step that contains this time.
    #[cfg(feature = "testing")]
    pub(crate) fn code_at(&self, now: Timestamp) -> TotpCode {
        TotpCode(self.code(step_of(now)))
    }

    /// The step that this code belongs to: the current step, the previous one or the next one. If
    /// several steps match, this is the latest.
    pub(crate) fn matching(&self, code: &TotpCode, now: Timestamp) -> Option<i64> {
        let current = step_of(now);
        let mut found = None;
        for step in [current - 1, current, current + 1] {
            if verify_slices_are_equal(&self.code(step), &code.0).is_ok() {
                found = Some(step);
            }
        }
        found
    }

    /// The code for a step, as decimal digits.
    pub(crate) fn code(&self, step: i64) -> [u8; DIGITS] {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.as_bytes());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = tag.last().map_or(0, |last| usize::from(last & 0xf));
        let chosen = tag.get(offset..).and_then(<[u8]>::first_chunk::<4>);
        let number = chosen.map_or(0, |bytes| u32::from_be_bytes(*bytes) & 0x7fff_ffff);
        let mut rest = number % MODULUS;
        let mut digits = [b'0'; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        digits
    }
}

impl fmt::Debug for TotpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpKey(redacted)")
    }
}

/// The number of the step that contains this time.
pub(crate) fn step_of(time: Timestamp) -> i64 {
    time.timestamp().div_euclid(STEP)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn of_appendix_b() -> TotpKey {
        TotpKey::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let key = of_appendix_b();
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in vectors {
            assert_eq!(key.code(step_of(at(seconds))), code.as_bytes(), "{seconds}");
            let code: TotpCode = code.parse().unwrap();
            assert_eq!(key.matching(&code, at(seconds)), Some(seconds / 30));
        }
    }

    #[test]
    fn code_matches_in_its_own_step_and_its_neighbours() {
        let key = of_appendix_b();
        let code: TotpCode = "287082".parse().unwrap();
        for seconds in [0, 29, 30, 59, 60, 89] {
            assert_eq!(key.matching(&code, at(seconds)), Some(1), "{seconds}");
        }
        for seconds in [90, 119, -1, -31] {
            assert_eq!(key.matching(&code, at(seconds)), None, "{seconds}");
        }
    }

    #[test]
    fn only_six_digits_and_spaces_are_a_code() {
        for text in ["123456", "123 456", " 1 2 3 4 5 6 "] {
            assert!(text.parse::<TotpCode>().is_ok(), "{text}");
        }
        for text in [
            "",
            "12345",
            "1234567",
            "12345a",
            "-12345",
            "123\u{a0}456",
            "１２３４５６",
            "123\n456",
        ] {
            assert!(text.parse::<TotpCode>().is_err(), "{text}");
        }
    }

    #[test]
    fn key_is_shown_in_base32() {
        let shown = of_appendix_b().base32();
        assert_eq!(*shown, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
