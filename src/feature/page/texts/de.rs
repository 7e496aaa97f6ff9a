//! The German texts of the pages.

use super::{ActionTexts, Note, Texts};
use crate::error::Weakness;

pub(crate) static DE: Texts = Texts {
    lang: "de",
    error: "Fehler: ",
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "E-Mail-Adresse ändern",
            text: "Bestätigen Sie, dass Ihr Konto bei {product} diese Adresse bekommen soll. Sie werden überall abgemeldet.",
        },
        button: "Adresse ändern",
        done: Note {
            title: "Adresse geändert",
            text: "Ihr Konto hat jetzt die neue Adresse. Sie können diese Seite schließen und sich damit anmelden.",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "Neues Passwort festlegen",
            text: "Wählen Sie ein neues Passwort für Ihr Konto bei {product}. Sie werden überall abgemeldet.",
        },
        button: "Passwort festlegen",
        done: Note {
            title: "Passwort festgelegt",
            text: "Ihr neues Passwort gilt ab sofort. Sie können diese Seite schließen und sich damit anmelden.",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "Anmeldung entsperren",
            text: "Bestätigen Sie, dass Sie sich wieder bei Ihrem Konto bei {product} anmelden möchten. Die bisherigen Fehlversuche werden vergessen.",
        },
        button: "Entsperren",
        done: Note {
            title: "Anmeldung entsperrt",
            text: "Sie können sich wieder anmelden. Sie können diese Seite schließen.",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "E-Mail-Adresse bestätigen",
            text: "Bestätigen Sie, dass Sie unter dieser Adresse ein Konto bei {product} haben.",
        },
        button: "Adresse bestätigen",
        done: Note {
            title: "Adresse bestätigt",
            text: "Vielen Dank. Sie können diese Seite schließen.",
        },
    },
    new_password: "Neues Passwort",
    min_password: "Mindestens {min} Zeichen.",
    rules: [
        (
            Weakness::TooShort,
            "Das Passwort braucht mindestens {min} Zeichen.",
        ),
        (
            Weakness::TooLong,
            "Das Passwort ist zu lang: höchstens 256 Zeichen sind erlaubt.",
        ),
        (
            Weakness::ControlCharacter,
            "Das Passwort enthält einen Tabulator oder ein anderes Steuerzeichen.",
        ),
        (
            Weakness::Common,
            "Dieses Passwort gehört zu den häufigsten.",
        ),
        (
            Weakness::ContainsAddress,
            "Das Passwort darf nicht Ihre E-Mail-Adresse sein.",
        ),
        (
            Weakness::ContainsName,
            "Das Passwort darf nicht Ihr Name sein.",
        ),
        (
            Weakness::ContainsProduct,
            "Das Passwort darf nicht der Name dieses Dienstes sein.",
        ),
        (
            Weakness::TooGuessable,
            "Dieses Passwort ist leicht zu erraten.",
        ),
        (
            Weakness::Breached,
            "Dieses Passwort ist aus einem Datenleck bekannt.",
        ),
    ],
    busy: "Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
    used: "Dieser Link wurde bereits benutzt. Wenn Sie das waren, ist nichts weiter zu tun. Sie können diese Seite schließen.",
    password_set_before: "Dieser Link wurde bereits benutzt, und es gilt das zuerst festgelegte Passwort. Wenn Sie das waren, ist nichts weiter zu tun. Sie können diese Seite schließen und sich damit anmelden.",
    invalid: Note {
        title: "Dieser Link gilt nicht mehr",
        text: "Er ist abgelaufen oder durch einen neueren ersetzt. Fordern Sie einen neuen Link an und öffnen Sie diesen.",
    },
    refused: Note {
        title: "Dieses Formular konnte nicht angenommen werden",
        text: "Bitte öffnen Sie den Link in der E-Mail noch einmal und senden Sie das Formular von dort ab.",
    },
    unavailable: Note {
        title: "Bitte versuchen Sie es gleich noch einmal",
        text: "Der Dienst ist gerade nicht erreichbar. Ihr Link ist nicht verloren.",
    },
    failed: Note {
        title: "Etwas ist schiefgegangen",
        text: "Der Fehler liegt bei uns. Bitte versuchen Sie es später noch einmal.",
    },
};
