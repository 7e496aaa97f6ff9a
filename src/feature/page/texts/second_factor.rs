//! Texts for the second step of a sign-in, and for its setup.

use serde::{Deserialize, Serialize};

use super::Note;

/// Texts for the second step of a sign-in, and for its setup.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SecondFactorTexts<T = &'static str> {
    pub(crate) title: T,
    pub(crate) with_app: T,
    pub(crate) with_either: T,
    pub(crate) with_recovery_code: T,
    pub(crate) button: T,
    pub(crate) remember: T,
    pub(crate) wrong: T,
    /// `{wait}` is a duration.
    pub(crate) too_many: Note<T>,
    /// The title of the page that confirms a password.
    pub(crate) confirm: T,
    pub(crate) confirm_text: T,
    pub(crate) confirm_button: T,
    pub(crate) wrong_password: T,
    pub(crate) enrol: T,
    pub(crate) must_enrol: T,
    pub(crate) begin_button: T,
    pub(crate) scan: T,
    /// The label of the QR code.
    pub(crate) picture: T,
    pub(crate) or_type: T,
    pub(crate) then_code: T,
    pub(crate) enrol_button: T,
    pub(crate) codes: T,
    pub(crate) codes_text: T,
    pub(crate) download: T,
    /// The name of the downloaded file.
    pub(crate) file: T,
}
