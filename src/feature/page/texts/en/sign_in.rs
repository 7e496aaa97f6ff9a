//! Texts for the sign-in and sign-out pages, in English.

use super::super::{Note, SignInTexts};

pub(super) const SIGN_IN: SignInTexts = SignInTexts {
    title: "Sign in",
    button: "Sign in",
    wrong: Note {
        title: "You are not signed in",
        text: "The email address or the password is wrong. Check both, or [set a new password].",
    },
    not_verified: Note {
        title: "Confirm your email address first",
        text: "We sent you a link.",
    },
    send_link: "Send a new link",
    disabled: Note {
        title: "This account is switched off",
        text: "Ask whoever runs {product}.",
    },
    expired: Note {
        title: "The second step took too long",
        text: "Sign in again.",
    },
    provider_failed: Note {
        title: "You are not signed in",
        text: "The other service did not answer as expected. Try again, or sign in another way.",
    },
    provider_cancelled: Note {
        title: "You are not signed in",
        text: "The other service did not confirm who you are. Try again, or sign in another way.",
    },
    provider_unverified: Note {
        title: "Confirm your email address first",
        text: "We sent you a link. Open it, then sign in.",
    },
    link_required: Note {
        title: "You are not signed in",
        text: "This way to sign in belongs to no account yet. Sign in another way, then link it in your account.",
    },
    signed_out: "You are signed out.",
    password_set: "Your password is set.",
    verified: "Your email address is confirmed.",
    remember: "Stay signed in on this device",
    forgotten: "Forgotten your password?",
    or: "or",
    with_provider: "Continue with {provider}",
    new_here: "New here? [Create an account]",
    already: "You are signed in already.",
    continue_as: "Continue as {email}",
    another: "Use another account",
    to_app: "You will continue to {app}.",
    sign_out: "Sign out of {product}?",
    sign_out_button: "Sign out",
    stay: "Stay signed in",
};
