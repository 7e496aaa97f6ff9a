//! The texts of the sign-up, and of the pages that send an email.

use serde::Serialize;

use super::Note;

/// The texts of the sign-up, and of the pages that send an email.
#[derive(Debug, Serialize)]
pub(crate) struct SignUpTexts {
    pub(crate) title: &'static str,
    pub(crate) button: &'static str,
    pub(crate) optional_name: &'static str,
    /// The brackets are a link.
    pub(crate) have_account: &'static str,
    /// The brackets are two links.
    pub(crate) taken: Note,
    pub(crate) closed: Note,
    pub(crate) check_mail: &'static str,
    /// `{email}` is an address.
    pub(crate) mail_sent: &'static str,
    pub(crate) nothing_yet: &'static str,
    pub(crate) send_again: &'static str,
    /// The brackets are a link.
    pub(crate) wrong_address: &'static str,
    pub(crate) forgot: &'static str,
    pub(crate) forgot_text: &'static str,
    pub(crate) send_link: &'static str,
    /// The brackets are a link.
    pub(crate) remembered: &'static str,
}
