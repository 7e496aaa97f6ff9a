//! The texts that several pages share.

use serde::Serialize;

use super::Note;

/// The texts that several pages share.
#[derive(Debug, Serialize)]
pub(crate) struct CommonTexts {
    /// The name of the list of languages.
    pub(crate) languages: &'static str,
    pub(crate) help: &'static str,
    pub(crate) privacy: &'static str,
    pub(crate) terms: &'static str,
    /// The button that shows a password, made by the script.
    pub(crate) show: &'static str,
    pub(crate) hide: &'static str,
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    pub(crate) name: &'static str,
    pub(crate) code: &'static str,
    /// The way on to the sign-in.
    pub(crate) sign_in: &'static str,
    pub(crate) start_again: &'static str,
    pub(crate) go_on: &'static str,
    /// Above a form with more than one wrong field.
    pub(crate) several: Note,
    pub(crate) bad_email: &'static str,
    pub(crate) no_password: &'static str,
    pub(crate) long_password: &'static str,
    pub(crate) bad_name: &'static str,
    pub(crate) bad_code: &'static str,
    pub(crate) busy: Note,
    /// `{wait}` is a duration.
    pub(crate) rate_limited: Note,
    /// `{wait}` is a duration.
    pub(crate) locked: Note,
    /// The heading of a refusal by the host.
    pub(crate) not_done: &'static str,
    pub(crate) not_found: Note,
    pub(crate) go_to_start: &'static str,
    /// `{number}` is the id of the request.
    pub(crate) failed: Note,
}
