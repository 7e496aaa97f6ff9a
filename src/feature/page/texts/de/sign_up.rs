//! Texts for the sign-up page and the pages that send an email, in German.

use super::super::{Note, SignUpTexts};

pub(super) const SIGN_UP: SignUpTexts = SignUpTexts {
    title: "Konto anlegen",
    button: "Konto anlegen",
    optional_name: "Name (freiwillig)",
    have_account: "Sie haben ein Konto? [Anmelden]",
    taken: Note {
        title: "Mit dieser Adresse gibt es ein Konto",
        text: "[Melden Sie sich an], oder [legen Sie ein neues Passwort fest].",
    },
    closed: Note {
        title: "Hier können Sie kein Konto anlegen",
        text: "Wenden Sie sich an den Betreiber von {product}.",
    },
    check_mail: "Prüfen Sie Ihre E-Mails",
    mail_sent: "Wenn {email} hier benutzt werden kann, ist eine Nachricht unterwegs. Das kann eine Minute dauern. Sehen Sie auch im Spam-Ordner nach.",
    nothing_yet: "Nach einer Minute noch nichts da?",
    send_again: "Noch einmal senden",
    wrong_address: "Falsche Adresse? [Neu beginnen]",
    forgot: "Passwort vergessen?",
    forgot_text: "Geben Sie Ihre E-Mail-Adresse ein. Wir senden Ihnen einen Link für ein neues Passwort.",
    send_link: "Link senden",
    remembered: "Wieder eingefallen? [Anmelden]",
};
