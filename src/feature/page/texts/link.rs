//! The texts of the pages of mailed links.

use serde::Serialize;

use super::super::Action;
use super::{ActionTexts, Note};

/// The texts of the pages of mailed links.
#[derive(Debug, Serialize)]
pub(crate) struct LinkTexts {
    pub(crate) confirm_email_change: ActionTexts,
    pub(crate) reset_password: ActionTexts,
    pub(crate) unlock: ActionTexts,
    pub(crate) verify_email: ActionTexts,
    /// The way on where no sign-in page is mounted.
    pub(crate) close: &'static str,
    pub(crate) used: Note,
    /// For a link that sets a password, because the second form may have contained another one.
    pub(crate) password_set_before: Note,
    pub(crate) invalid: Note,
    /// Below `invalid`, where a form sends a new link.
    pub(crate) ask_again: &'static str,
    pub(crate) send_link: &'static str,
    pub(crate) refused: Note,
    pub(crate) unavailable: Note,
}

impl LinkTexts {
    pub(crate) fn action(&self, action: Action) -> &ActionTexts {
        match action {
            Action::ConfirmEmailChange => &self.confirm_email_change,
            Action::ResetPassword => &self.reset_password,
            Action::Unlock => &self.unlock,
            Action::VerifyEmail => &self.verify_email,
        }
    }
}
