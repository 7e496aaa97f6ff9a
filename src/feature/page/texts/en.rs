//! The English texts of the pages.

use super::{ActionTexts, Note, Texts};
use crate::error::Weakness;

pub(crate) static EN: Texts = Texts {
    lang: "en",
    error: "Error: ",
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "Change your email address",
            text: "Confirm that you want to use this address for your {product} account. You will be signed out everywhere.",
        },
        button: "Change address",
        done: Note {
            title: "Address changed",
            text: "Your account now has the new address. You can close this page and sign in with it.",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "Set a new password",
            text: "Choose a new password for your {product} account. You will be signed out everywhere.",
        },
        button: "Set password",
        done: Note {
            title: "Password set",
            text: "Your new password is set. You can close this page and sign in with it.",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "Unlock sign-in",
            text: "Confirm that you want to sign in to your {product} account again. The failed attempts so far will be cleared.",
        },
        button: "Unlock",
        done: Note {
            title: "Sign-in unlocked",
            text: "You can close this page and sign in again.",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "Confirm your email address",
            text: "Confirm that you have a {product} account with this address.",
        },
        button: "Confirm address",
        done: Note {
            title: "Address confirmed",
            text: "Thank you. You can close this page.",
        },
    },
    new_password: "New password",
    min_password: "At least {min} characters.",
    rules: [
        (
            Weakness::TooShort,
            "The password needs at least {min} characters.",
        ),
        (
            Weakness::TooLong,
            "The password is too long: at most 256 characters are allowed.",
        ),
        (
            Weakness::ControlCharacter,
            "The password contains a tab or another control character.",
        ),
        (Weakness::Common, "This password is too common."),
        (
            Weakness::ContainsAddress,
            "The password must not be your email address.",
        ),
        (
            Weakness::ContainsName,
            "The password must not be your name.",
        ),
        (
            Weakness::ContainsProduct,
            "The password must not be the name of this service.",
        ),
        (Weakness::TooGuessable, "This password is easy to guess."),
        (
            Weakness::Breached,
            "This password appeared in a data breach.",
        ),
    ],
    busy: "This did not work. Please try again in a moment.",
    used: "This link has already been used. If that was you, there is nothing else to do. You can close this page.",
    password_set_before: "This link has already been used, and the password that was set first is in use. If that was you, there is nothing else to do. You can close this page and sign in with it.",
    invalid: Note {
        title: "This link is no longer valid",
        text: "It has expired, or a newer link has replaced it. Request a new link and open that one.",
    },
    refused: Note {
        title: "This form could not be submitted",
        text: "Please open the link in the email again and submit the form from there.",
    },
    unavailable: Note {
        title: "Please try again in a moment",
        text: "The service is not available right now. You can use your link again later.",
    },
    failed: Note {
        title: "Something went wrong",
        text: "The problem is on our side. Please try again later.",
    },
};
