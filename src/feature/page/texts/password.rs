//! Texts about new passwords.

use serde::{Deserialize, Serialize};

/// Texts about new passwords.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PasswordTexts<T = &'static str> {
    pub(crate) new_password: T,
    /// `{min}` is the minimum length.
    pub(crate) hint: T,
    /// `{min}` is the minimum length.
    pub(crate) too_short: T,
    pub(crate) too_long: T,
    pub(crate) control_character: T,
    pub(crate) common: T,
    pub(crate) contains_address: T,
    pub(crate) contains_name: T,
    pub(crate) contains_product: T,
    pub(crate) too_guessable: T,
    pub(crate) breached: T,
}
