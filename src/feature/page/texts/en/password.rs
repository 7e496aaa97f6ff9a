//! Texts about new passwords, in English.

use super::super::PasswordTexts;

pub(super) const PASSWORD: PasswordTexts = PasswordTexts {
    new_password: "New password",
    hint: "At least {min} characters. Three or four unrelated words work well.",
    too_short: "This password is too short. Use at least {min} characters.",
    too_long: "This password is too long. Use at most 256 characters.",
    control_character: "This password contains a tab or another control character. Leave it out.",
    common: "Many people use this password, so it is guessed first. Choose another.",
    contains_address: "Do not use your email address as the password.",
    contains_name: "Do not use your name as the password.",
    contains_product: "Do not use “{product}” as the password.",
    too_guessable: "This password is easy to guess. Add another word.",
    breached: "This password appeared in a data leak. Choose another, and change it wherever else you use it.",
};
