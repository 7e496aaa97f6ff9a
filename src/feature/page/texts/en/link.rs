//! Texts for the pages that mailed links open, in English.

use super::super::{ActionTexts, LinkTexts, Note};

pub(super) const LINK: LinkTexts = LinkTexts {
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "Change your email address",
            text: "This will be the address of your {product} account. You will be signed out on all devices.",
        },
        button: "Change address",
        done: Note {
            title: "Your email address is changed",
            text: "Sign in with the new address.",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "Set a new password",
            text: "Choose a new password for your {product} account. You will be signed out on all devices.",
        },
        button: "Set password",
        done: Note {
            title: "Your password is set",
            text: "Sign in with the new password.",
        },
    },
    secure_account: ActionTexts {
        ask: Note {
            title: "Secure your account",
            text: "All devices are signed out of {product}. The password stops working. We mail you a link for a new one.",
        },
        button: "Secure account",
        done: Note {
            title: "Your account is secured",
            text: "All devices are signed out. We sent you a mail. Set a new password with its link.",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "Unlock the sign-in",
            text: "Confirm that you want to sign in to {product} again.",
        },
        button: "Unlock sign-in",
        done: Note {
            title: "You can sign in again",
            text: "The wrong passwords are forgotten.",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "Confirm your email address",
            text: "Confirm that you have a {product} account with this address.",
        },
        button: "Confirm address",
        done: Note {
            title: "Your email address is confirmed",
            text: "Thank you.",
        },
    },
    close: "You can close this page.",
    used: Note {
        title: "This link was used already",
        text: "If that was you, there is nothing to do.",
    },
    password_set_before: Note {
        title: "This link was used already",
        text: "The password that was set first is in use. If that was you, there is nothing to do.",
    },
    secured_elsewhere: Note {
        title: "All devices are signed out",
        text: "The account has another address now. If you did not change it, ask for help. Turn to the people who run {product}.",
    },
    invalid: Note {
        title: "This link is too old",
        text: "It has expired, or a newer one has replaced it. Ask for a new link.",
    },
    ask_again: "Enter your email address and we send a new one.",
    send_link: "Send a new link",
    refused: Note {
        title: "This form did not reach us well",
        text: "Open the page again, or the link in the mail. Send the form from there.",
    },
    unavailable: Note {
        title: "We are very busy",
        text: "Nothing was lost. Try again in a moment.",
    },
};
