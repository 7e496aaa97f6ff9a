//! The form of a page.

use super::texts::ActionTexts;

/// The content of a form, in the language of the page.
#[derive(Debug)]
pub(super) struct PageForm<'a> {
    /// The URL that the form is sent to, relative to the page.
    pub(super) page: &'static str,
    pub(super) texts: &'a ActionTexts,
    /// A token that has passed [`is_token`](super::is_token).
    pub(super) token: &'a str,
    /// The address that the link was mailed to, if known.
    pub(super) address: Option<&'a str>,
    /// The rules for the new password, if the form asks for one.
    pub(super) hint: Option<String>,
    /// The reason why the form failed, unless the password is the reason.
    pub(super) notice: Option<&'a str>,
    /// The rules that the password violates.
    pub(super) violations: Vec<String>,
}

impl PageForm<'_> {
    /// Whether the form shows a reason for a failure.
    pub(super) fn is_refused(&self) -> bool {
        self.notice.is_some() || !self.violations.is_empty()
    }
}
