//! The minimum strength of a password.

use zxcvbn::{Score, zxcvbn};

use super::{PasswordPolicy, context::Words};
use crate::error::{Error, Result};

/// The number of code points that the estimate considers. The time grows quickly with the length: the slowest known
/// texts take 70 ms for 32 code points, and 900 ms for 100. Further code points could only increase the score.
const MAX_LOOKED_AT: usize = 32;

/// The minimum score of a password.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinStrength(Score);

impl MinStrength {
    pub(super) fn is_met(self, password: &str, words: &Words) -> bool {
        let looked_at = password
            .char_indices()
            .nth(MAX_LOOKED_AT)
            .map_or(password, |(end, _)| password.split_at(end).0);
        let words: Vec<&str> = words.iter().collect();
        zxcvbn(looked_at, &words).score() >= self.0
    }
}

impl PasswordPolicy {
    /// Requires a minimum strength, estimated by [`zxcvbn`](https://docs.rs/zxcvbn): 1 for at least a thousand
    /// guesses, 2 for a million, 3 for a hundred million, 4 for ten billion. With 0, the default,
    /// no estimate is made.
    ///
    /// The estimate considers common words, names, dates, keyboard rows, repetition, and the words that are known from
    /// the account. It cannot consider other facts that an attacker may know. Only the first 32 code points are
    /// considered. An estimate takes about a millisecond, or 70 ms for a text that is crafted to be slow. Each estimate
    /// needs a permit of the [`Hasher`](crate::credential::Hasher). The first estimate builds tables of about 9 MiB,
    /// which stay in memory.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if `score` is above 4.
    pub fn with_min_strength(mut self, score: u8) -> Result<Self> {
        self.strength = match score {
            0 => None,
            1 => Some(MinStrength(Score::One)),
            2 => Some(MinStrength(Score::Two)),
            3 => Some(MinStrength(Score::Three)),
            4 => Some(MinStrength(Score::Four)),
            _ => {
                return Err(Error::configuration(format!(
                    "the minimum strength of passwords must be between 0 and 4, not {score}"
                )));
            }
        };
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        credential::PasswordContext, error::Weakness, secret::Password, user::EmailAddress,
    };

    fn is_refused(score: u8, password: &str) -> bool {
        let email: EmailAddress = "wollstonecraft@example.org".parse().unwrap();
        let context = PasswordContext::new(&email);
        let policy = PasswordPolicy::default().with_min_strength(score).unwrap();
        let Err(error) = policy.check("password", &Password::new(password), &context) else {
            return false;
        };
        let codes: Vec<_> = error.violations().iter().map(|v| v.code).collect();
        assert_eq!(codes, [Weakness::TooGuessable.code()], "{password}");
        true
    }

    #[test]
    fn a_password_that_is_guessed_sooner_than_asked_for_is_refused() {
        for (password, score) in [
            ("bdfbdfbdf", 0),
            ("acegikmo", 0),
            ("zoologist", 1),
            ("zoologist1", 1),
            ("ostrich.sofa", 3),
            ("correct horse battery staple", 4),
            ("gX7)w!mQz2&k", 4),
        ] {
            for min in 0..=4 {
                assert_eq!(is_refused(min, password), min > score, "{min}: {password}");
            }
        }
        assert!(PasswordPolicy::default().with_min_strength(5).is_err());
    }

    #[test]
    fn words_of_the_account_count_as_known() {
        assert!(is_refused(3, "wollstonecraft1234567"));
        assert!(!is_refused(3, "wollstxnecraft1234567"));
    }

    #[test]
    fn only_the_first_32_code_points_are_checked() {
        let strong = "gX7)w!mQz2&k";
        for filler in ["a", "\u{10348}"] {
            assert!(is_refused(4, &(filler.repeat(32) + strong)));
            assert!(!is_refused(4, &(filler.repeat(20) + strong)));
        }
    }
}
