//! The texts of the sign-in and of the sign-out.

use serde::Serialize;

use super::Note;

/// The texts of the sign-in and of the sign-out.
#[derive(Debug, Serialize)]
pub(crate) struct SignInTexts {
    pub(crate) title: &'static str,
    pub(crate) button: &'static str,
    /// The brackets are a link.
    pub(crate) wrong: Note,
    pub(crate) not_verified: Note,
    pub(crate) send_link: &'static str,
    pub(crate) disabled: Note,
    pub(crate) expired: Note,
    pub(crate) provider_failed: Note,
    pub(crate) provider_cancelled: Note,
    pub(crate) provider_unverified: Note,
    pub(crate) link_required: Note,
    pub(crate) signed_out: &'static str,
    pub(crate) password_set: &'static str,
    pub(crate) verified: &'static str,
    pub(crate) remember: &'static str,
    pub(crate) forgotten: &'static str,
    pub(crate) or: &'static str,
    /// `{provider}` is a name.
    pub(crate) with_provider: &'static str,
    /// The brackets are a link.
    pub(crate) new_here: &'static str,
    pub(crate) already: &'static str,
    /// `{email}` is an address.
    pub(crate) continue_as: &'static str,
    pub(crate) another: &'static str,
    /// The title of the question.
    pub(crate) sign_out: &'static str,
    pub(crate) sign_out_button: &'static str,
    pub(crate) stay: &'static str,
}
