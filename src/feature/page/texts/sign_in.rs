//! Texts for the sign-in and sign-out pages.

use serde::{Deserialize, Serialize};

use super::Note;

/// Texts for the sign-in and sign-out pages.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SignInTexts<T = &'static str> {
    pub(crate) title: T,
    pub(crate) button: T,
    /// The text in brackets is a link.
    pub(crate) wrong: Note<T>,
    pub(crate) not_verified: Note<T>,
    pub(crate) send_link: T,
    pub(crate) disabled: Note<T>,
    pub(crate) expired: Note<T>,
    pub(crate) provider_failed: Note<T>,
    pub(crate) provider_cancelled: Note<T>,
    pub(crate) provider_unverified: Note<T>,
    pub(crate) link_required: Note<T>,
    pub(crate) signed_out: T,
    pub(crate) password_set: T,
    pub(crate) verified: T,
    pub(crate) remember: T,
    pub(crate) forgotten: T,
    pub(crate) or: T,
    /// `{provider}` is a name.
    pub(crate) with_provider: T,
    /// The text in brackets is a link.
    pub(crate) new_here: T,
    pub(crate) already: T,
    /// `{email}` is an address.
    pub(crate) continue_as: T,
    pub(crate) another: T,
    /// `{app}` is an origin or an app's scheme.
    pub(crate) to_app: T,
    /// The title of the sign-out page.
    pub(crate) sign_out: T,
    pub(crate) sign_out_button: T,
    pub(crate) stay: T,
}
