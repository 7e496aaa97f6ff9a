//! Texts for the sign-up page and the pages that send an email.

use serde::{Deserialize, Serialize};

use super::Note;

/// Texts for the sign-up page and the pages that send an email.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SignUpTexts<T = &'static str> {
    pub(crate) title: T,
    pub(crate) button: T,
    pub(crate) optional_name: T,
    /// The text in brackets is a link.
    pub(crate) have_account: T,
    /// The two texts in brackets are links.
    pub(crate) taken: Note<T>,
    pub(crate) closed: Note<T>,
    pub(crate) check_mail: T,
    /// `{email}` is an address.
    pub(crate) mail_sent: T,
    pub(crate) nothing_yet: T,
    pub(crate) send_again: T,
    /// The text in brackets is a link.
    pub(crate) wrong_address: T,
    pub(crate) forgot: T,
    pub(crate) forgot_text: T,
    pub(crate) send_link: T,
    /// The text in brackets is a link.
    pub(crate) remembered: T,
}
