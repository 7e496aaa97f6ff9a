//! The form of a page.

use super::texts::ActionTexts;

/// The content of a form, in the language of the page.
#[derive(Debug)]
pub(super) struct PageForm<'a> {
    /// Where it is sent to, relative to itself.
    pub(super) page: &'static str,
    pub(super) texts: &'a ActionTexts,
    /// Has passed [`is_token`](super::is_token).
    pub(super) token: &'a str,
    /// The address that the link was mailed to, if it is known here.
    pub(super) address: Option<&'a str>,
    /// The rules for the new password, if the form asks for one.
    pub(super) hint: Option<String>,
    /// The reason why it was not done, if it is not about the password.
    pub(super) notice: Option<&'a str>,
    /// The faults of the password.
    pub(super) violations: Vec<String>,
}

impl PageForm<'_> {
    /// Whether it says why it was not done.
    pub(super) fn is_refused(&self) -> bool {
        self.notice.is_some() || !self.violations.is_empty()
    }
}
