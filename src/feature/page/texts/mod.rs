//! The texts of the pages in each language. The placeholders `{product}` and `{min}` are replaced.

mod de;
mod en;
mod es;
mod fr;
mod zh;

pub(crate) use self::{de::DE, en::EN, es::ES, fr::FR, zh::ZH};
use super::Action;
use crate::error::Weakness;

/// All texts in one language.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The value of the attribute `lang`.
    pub(crate) lang: &'static str,
    /// The prefix of the title of a page that reports a failure.
    pub(crate) error: &'static str,
    pub(crate) confirm_email_change: ActionTexts,
    pub(crate) reset_password: ActionTexts,
    pub(crate) unlock: ActionTexts,
    pub(crate) verify_email: ActionTexts,
    /// The label of the field for the new password.
    pub(crate) new_password: &'static str,
    /// The rules for a new password.
    pub(crate) min_password: &'static str,
    /// The reasons for refusing a new password.
    pub(crate) rules: [(Weakness, &'static str); Weakness::ALL.len()],
    /// The notice above the form if the service was too busy.
    pub(crate) busy: &'static str,
    /// The notice for a link that was already used, if its effect is still in place.
    pub(crate) used: &'static str,
    /// The same notice for a link that sets a password. It has its own text, because the second form may have
    /// contained another password.
    pub(crate) password_set_before: &'static str,
    /// The message for a link that is unknown, expired or void.
    pub(crate) invalid: Note,
    /// The message for a form that was sent by another site.
    pub(crate) refused: Note,
    /// The message if a component of the service does not answer.
    pub(crate) unavailable: Note,
    /// The message for an internal error.
    pub(crate) failed: Note,
}

/// The texts of the pages for one kind of link.
#[derive(Debug)]
pub(crate) struct ActionTexts {
    pub(crate) ask: Note,
    pub(crate) button: &'static str,
    pub(crate) done: Note,
}

/// A heading and a paragraph.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

impl Texts {
    pub(crate) fn action(&self, action: Action) -> &ActionTexts {
        match action {
            Action::ConfirmEmailChange => &self.confirm_email_change,
            Action::ResetPassword => &self.reset_password,
            Action::Unlock => &self.unlock,
            Action::VerifyEmail => &self.verify_email,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_explains_why_a_password_is_refused() {
        for texts in [&DE, &EN, &ES, &FR, &ZH] {
            let mut said: Vec<_> = texts.rules.iter().map(|(weakness, _)| *weakness).collect();
            said.sort();
            assert_eq!(said, Weakness::ALL, "{}", texts.lang);
        }
    }
}
