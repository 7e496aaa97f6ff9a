//! Texts that several pages share, in English.

use super::super::{CommonTexts, Note};

pub(super) const COMMON: CommonTexts = CommonTexts {
    languages: "Language",
    help: "Help",
    privacy: "Privacy",
    terms: "Terms",
    show: "Show",
    hide: "Hide",
    email: "Email address",
    password: "Password",
    name: "Name",
    code: "Code",
    sign_in: "Sign in",
    start_again: "Start again",
    go_on: "Continue",
    several: Note {
        title: "Some entries need a change",
        text: "The reasons are at the fields.",
    },
    bad_email: "Enter an email address like ann@example.org.",
    no_password: "Enter your password.",
    long_password: "This password is too long. Use at most 256 characters.",
    bad_name: "Use at most 200 characters, without line breaks.",
    bad_code: "Enter six digits or a recovery code.",
    busy: Note {
        title: "We are very busy",
        text: "Nothing was lost. Try again in a moment.",
    },
    rate_limited: Note {
        title: "Too many tries from your network",
        text: "Try again in {wait}.",
    },
    locked: Note {
        title: "Too many wrong passwords",
        text: "Try again in {wait}. If there is an account with this address, we have sent a mail with a link that lets you in at once.",
    },
    not_done: "This did not work",
    not_found: Note {
        title: "This page does not exist",
        text: "The address may have a typing error.",
    },
    go_to_start: "Go to the start",
    failed: Note {
        title: "Something went wrong on our side",
        text: "Try again. If it goes on, give this number to support: {number}",
    },
};
