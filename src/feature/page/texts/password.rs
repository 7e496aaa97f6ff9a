//! The texts about new passwords.

use serde::Serialize;

/// The texts about new passwords.
#[derive(Debug, Serialize)]
pub(crate) struct PasswordTexts {
    pub(crate) new_password: &'static str,
    /// `{min}` is the least length.
    pub(crate) hint: &'static str,
    /// `{min}` is the least length.
    pub(crate) too_short: &'static str,
    pub(crate) too_long: &'static str,
    pub(crate) control_character: &'static str,
    pub(crate) common: &'static str,
    pub(crate) contains_address: &'static str,
    pub(crate) contains_name: &'static str,
    pub(crate) contains_product: &'static str,
    pub(crate) too_guessable: &'static str,
    pub(crate) breached: &'static str,
}
