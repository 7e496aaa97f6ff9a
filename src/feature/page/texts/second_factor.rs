//! The texts of the second step, and of setting it up.

use serde::Serialize;

use super::Note;

/// The texts of the second step, and of setting it up.
#[derive(Debug, Serialize)]
pub(crate) struct SecondFactorTexts {
    pub(crate) title: &'static str,
    pub(crate) with_app: &'static str,
    pub(crate) with_either: &'static str,
    pub(crate) with_recovery_code: &'static str,
    pub(crate) button: &'static str,
    pub(crate) remember: &'static str,
    pub(crate) wrong: &'static str,
    /// `{wait}` is a duration.
    pub(crate) too_many: Note,
    /// The title of confirming a password.
    pub(crate) confirm: &'static str,
    pub(crate) confirm_text: &'static str,
    pub(crate) confirm_button: &'static str,
    pub(crate) wrong_password: &'static str,
    pub(crate) enrol: &'static str,
    pub(crate) must_enrol: &'static str,
    pub(crate) begin_button: &'static str,
    pub(crate) scan: &'static str,
    /// The name of the picture.
    pub(crate) picture: &'static str,
    pub(crate) or_type: &'static str,
    pub(crate) then_code: &'static str,
    pub(crate) enrol_button: &'static str,
    pub(crate) codes: &'static str,
    pub(crate) codes_text: &'static str,
    pub(crate) download: &'static str,
    /// The name of the file.
    pub(crate) file: &'static str,
}
