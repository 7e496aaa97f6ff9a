//! The choice of optional letters.

use crate::outbox::LetterKind;

/// The choice of the optional letters to send. Optional letters notify users of changes to their
/// accounts. [`LetterKind::is_optional`] and [`LetterKind::is_sent_by_default`] describe each
/// letter.
///
/// ```
/// use hallpass::mail::{LetterKind, Notices};
///
/// let notices = Notices::default()
///     .with(LetterKind::NewSignIn)
///     .without(LetterKind::PasswordChanged);
/// assert!(!notices.sends(LetterKind::PasswordChanged));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// The letters that the host has switched on or off explicitly.
    chosen: Vec<(LetterKind, bool)>,
}

impl Notices {
    /// Switches a letter on. A letter that is not optional is always sent.
    #[must_use]
    pub fn with(self, letter: LetterKind) -> Self {
        self.choose(letter, true)
    }

    /// Switches a letter off. A letter that is not optional is sent in any case.
    #[must_use]
    pub fn without(self, letter: LetterKind) -> Self {
        self.choose(letter, false)
    }

    /// Whether a letter is sent.
    #[must_use]
    pub fn sends(&self, letter: LetterKind) -> bool {
        self.chosen
            .iter()
            .find(|(of, _)| *of == letter)
            .map_or_else(|| letter.is_sent_by_default(), |(_, sent)| *sent)
    }

    fn choose(mut self, letter: LetterKind, is_sent: bool) -> Self {
        if letter.is_optional() {
            self.chosen.retain(|(of, _)| *of != letter);
            self.chosen.push((letter, is_sent));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_letters_are_sent_as_chosen_and_others_always() {
        for letter in LetterKind::ALL {
            let (on, off) = (
                Notices::default().without(*letter).with(*letter),
                Notices::default().with(*letter).without(*letter),
            );
            assert!(on.sends(*letter), "{letter:?}");
            assert_eq!(off.sends(*letter), !letter.is_optional(), "{letter:?}");
            let default = Notices::default().sends(*letter);
            assert_eq!(default, *letter != LetterKind::NewSignIn, "{letter:?}");
        }
    }
}
