use super::{ActionTexts, Note, Texts};

pub(crate) static DE: Texts = Texts {
    lang: "de",
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
    new_password: "Neues Passwort",
    min_password: "Mindestens {min} Zeichen.",
    rules: [
        (
            "too_short",
            "Das Passwort braucht mindestens {min} Zeichen.",
        ),
        (
            "too_long",
            "Das Passwort ist zu lang: höchstens 256 Zeichen sind erlaubt.",
        ),
        (
            "control_character",
            "Das Passwort enthält einen Tabulator oder ein anderes Steuerzeichen.",
        ),
        (
            "common_password",
            "Dieses Passwort gehört zu den häufigsten.",
        ),
        (
            "contains_address",
            "Das Passwort darf nicht Ihre E-Mail-Adresse sein.",
        ),
    ],
    busy: "Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
    invalid: Note {
        title: "Dieser Link gilt nicht mehr",
        text: "Er wurde schon benutzt, ist abgelaufen oder durch einen neueren ersetzt. Fordern Sie einen neuen Link an und öffnen Sie diesen.",
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
