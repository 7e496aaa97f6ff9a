//! Texts that several pages share.

use serde::{Deserialize, Serialize};

use super::Note;

/// Texts that several pages share.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CommonTexts<T = &'static str> {
    /// The label of the language list.
    pub(crate) languages: T,
    pub(crate) help: T,
    pub(crate) privacy: T,
    pub(crate) terms: T,
    /// The button that shows a password, which the script adds.
    pub(crate) show: T,
    pub(crate) hide: T,
    pub(crate) email: T,
    pub(crate) password: T,
    pub(crate) name: T,
    pub(crate) code: T,
    /// The link to the sign-in page.
    pub(crate) sign_in: T,
    pub(crate) start_again: T,
    pub(crate) go_on: T,
    /// Shown above a form with more than one invalid field.
    pub(crate) several: Note<T>,
    pub(crate) bad_email: T,
    pub(crate) no_password: T,
    pub(crate) long_password: T,
    pub(crate) bad_name: T,
    pub(crate) bad_code: T,
    pub(crate) busy: Note<T>,
    /// `{wait}` is a duration.
    pub(crate) rate_limited: Note<T>,
    /// `{wait}` is a duration.
    pub(crate) locked: Note<T>,
    /// The heading for a refusal by the host.
    pub(crate) not_done: T,
    pub(crate) not_found: Note<T>,
    pub(crate) go_to_start: T,
    /// `{number}` is the request id.
    pub(crate) failed: Note<T>,
}
