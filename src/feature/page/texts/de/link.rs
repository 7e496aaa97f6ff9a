//! Texts for the pages that mailed links open, in German.

use super::super::{ActionTexts, LinkTexts, Note};

pub(super) const LINK: LinkTexts = LinkTexts {
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "E-Mail-Adresse ändern",
            text: "Ihr Konto bei {product} bekommt diese Adresse. Sie werden auf allen Geräten abgemeldet.",
        },
        button: "Adresse ändern",
        done: Note {
            title: "Ihre E-Mail-Adresse ist geändert",
            text: "Melden Sie sich mit der neuen Adresse an.",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "Neues Passwort festlegen",
            text: "Wählen Sie ein neues Passwort für Ihr Konto bei {product}. Sie werden auf allen Geräten abgemeldet.",
        },
        button: "Passwort festlegen",
        done: Note {
            title: "Ihr Passwort ist festgelegt",
            text: "Melden Sie sich mit dem neuen Passwort an.",
        },
    },
    secure_account: ActionTexts {
        ask: Note {
            title: "Konto sichern",
            text: "Alle Geräte werden bei {product} abgemeldet. Das Passwort gilt dann nicht mehr. Wir senden Ihnen einen Link für ein neues.",
        },
        button: "Konto sichern",
        done: Note {
            title: "Ihr Konto ist gesichert",
            text: "Alle Geräte sind abgemeldet. Wir haben Ihnen eine E-Mail gesendet. Legen Sie mit deren Link ein neues Passwort fest.",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "Anmeldung entsperren",
            text: "Bestätigen Sie, dass Sie sich wieder bei {product} anmelden möchten.",
        },
        button: "Anmeldung entsperren",
        done: Note {
            title: "Sie können sich wieder anmelden",
            text: "Die falschen Passwörter sind vergessen.",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "E-Mail-Adresse bestätigen",
            text: "Bestätigen Sie, dass Sie mit dieser Adresse ein Konto bei {product} haben.",
        },
        button: "Adresse bestätigen",
        done: Note {
            title: "Ihre E-Mail-Adresse ist bestätigt",
            text: "Vielen Dank.",
        },
    },
    close: "Sie können diese Seite schließen.",
    used: Note {
        title: "Dieser Link wurde schon benutzt",
        text: "Wenn Sie das waren, ist nichts weiter zu tun.",
    },
    password_set_before: Note {
        title: "Dieser Link wurde schon benutzt",
        text: "Es gilt das Passwort, das zuerst festgelegt wurde. Wenn Sie das waren, ist nichts weiter zu tun.",
    },
    secured_elsewhere: Note {
        title: "Alle Geräte sind abgemeldet",
        text: "Das Konto hat jetzt eine andere Adresse. Wenn Sie das nicht waren, lassen Sie sich helfen. Wenden Sie sich an die Betreiber von {product}.",
    },
    invalid: Note {
        title: "Dieser Link ist zu alt",
        text: "Er ist abgelaufen, oder ein neuerer hat ihn ersetzt. Fordern Sie einen neuen an.",
    },
    ask_again: "Geben Sie Ihre E-Mail-Adresse ein. Wir senden einen neuen.",
    send_link: "Neuen Link senden",
    refused: Note {
        title: "Dieses Formular kam nicht richtig an",
        text: "Öffnen Sie die Seite noch einmal, oder den Link in der E-Mail. Senden Sie das Formular von dort.",
    },
    unavailable: Note {
        title: "Hier ist gerade sehr viel los",
        text: "Es ist nichts verloren. Versuchen Sie es gleich noch einmal.",
    },
};
