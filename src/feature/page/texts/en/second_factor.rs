//! Texts for the second step of a sign-in, and for its setup, in English.

use super::super::{Note, SecondFactorTexts};

pub(super) const SECOND_FACTOR: SecondFactorTexts = SecondFactorTexts {
    title: "Enter your code",
    with_app: "Your authenticator app shows six digits.",
    with_either: "Your authenticator app shows six digits. A recovery code works too.",
    with_recovery_code: "Enter one of your recovery codes.",
    button: "Confirm code",
    remember: "Do not ask on this device for 30 days",
    wrong: "This code is wrong. Wait for the next one, then enter it.",
    too_many: Note {
        title: "Too many wrong codes",
        text: "Try again in {wait}.",
    },
    confirm: "Confirm your password",
    confirm_text: "This makes sure that it is you.",
    confirm_button: "Confirm password",
    wrong_password: "This password is wrong. Try again.",
    enrol: "Set up two-step sign-in",
    must_enrol: "Your account needs a second step. You need an app that shows codes.",
    begin_button: "Set up an app",
    scan: "Scan this picture with your authenticator app.",
    picture: "Picture for your authenticator app",
    or_type: "Or type this key into the app:",
    then_code: "Then enter the six digits that the app shows.",
    enrol_button: "Confirm code",
    codes: "Keep your recovery codes",
    codes_text: "Each code lets you in once if your phone is lost. Keep them in a safe place. We do not show them again.",
    download: "Download codes",
    file: "recovery-codes.txt",
};
