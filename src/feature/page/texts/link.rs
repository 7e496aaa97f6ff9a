//! Texts for the pages that are opened from links in emails.

use serde::{Deserialize, Serialize};

use super::super::Action;
use super::{ActionTexts, Note};

/// Texts for the pages that mailed links open.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LinkTexts<T = &'static str> {
    pub(crate) confirm_email_change: ActionTexts<T>,
    pub(crate) reset_password: ActionTexts<T>,
    pub(crate) secure_account: ActionTexts<T>,
    pub(crate) unlock: ActionTexts<T>,
    pub(crate) verify_email: ActionTexts<T>,
    /// The next step if no sign-in page is mounted.
    pub(crate) close: T,
    pub(crate) used: Note<T>,
    /// Shown for a used link that sets a password, because the form that was sent second may have contained a different
    /// password.
    pub(crate) password_set_before: Note<T>,
    /// For the link in a notice that was sent to a former address of the account.
    pub(crate) secured_elsewhere: Note<T>,
    pub(crate) invalid: Note<T>,
    /// Shown below `invalid` if a form can send a new link.
    pub(crate) ask_again: T,
    pub(crate) send_link: T,
    pub(crate) refused: Note<T>,
    pub(crate) unavailable: Note<T>,
}

impl<T> LinkTexts<T> {
    pub(crate) fn action(&self, action: Action) -> &ActionTexts<T> {
        match action {
            Action::ConfirmEmailChange => &self.confirm_email_change,
            Action::ResetPassword => &self.reset_password,
            Action::SecureAccount => &self.secure_account,
            Action::Unlock => &self.unlock,
            Action::VerifyEmail => &self.verify_email,
        }
    }
}
