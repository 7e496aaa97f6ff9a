//! Texts for the sign-up page and the pages that send an email, in English.

use super::super::{Note, SignUpTexts};

pub(super) const SIGN_UP: SignUpTexts = SignUpTexts {
    title: "Create an account",
    button: "Create account",
    optional_name: "Name (optional)",
    have_account: "You have an account? [Sign in]",
    taken: Note {
        title: "There is an account with this address",
        text: "[Sign in] or [set a new password].",
    },
    closed: Note {
        title: "You cannot create an account here",
        text: "Ask whoever runs {product}.",
    },
    check_mail: "Check your mail",
    mail_sent: "If {email} can be used here, a message is on its way. It may take a minute. Look in the spam folder too.",
    nothing_yet: "Nothing there after a minute?",
    send_again: "Send again",
    wrong_address: "Wrong address? [Start again]",
    forgot: "Forgotten your password?",
    forgot_text: "Enter your email address. We send you a link to set a new one.",
    send_link: "Send link",
    remembered: "You know it again? [Sign in]",
};
