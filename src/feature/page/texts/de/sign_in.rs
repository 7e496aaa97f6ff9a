//! Texts for the sign-in and sign-out pages, in German.

use super::super::{Note, SignInTexts};

pub(super) const SIGN_IN: SignInTexts = SignInTexts {
    title: "Anmelden",
    button: "Anmelden",
    wrong: Note {
        title: "Sie sind nicht angemeldet",
        text: "Die E-Mail-Adresse oder das Passwort ist falsch. Prüfen Sie beide, oder [legen Sie ein neues Passwort fest].",
    },
    not_verified: Note {
        title: "Bestätigen Sie zuerst Ihre E-Mail-Adresse",
        text: "Wir haben Ihnen einen Link gesendet.",
    },
    send_link: "Neuen Link senden",
    disabled: Note {
        title: "Dieses Konto ist abgeschaltet",
        text: "Wenden Sie sich an den Betreiber von {product}.",
    },
    expired: Note {
        title: "Der zweite Schritt hat zu lange gedauert",
        text: "Melden Sie sich noch einmal an.",
    },
    provider_failed: Note {
        title: "Sie sind nicht angemeldet",
        text: "Der andere Dienst hat nicht wie erwartet geantwortet. Versuchen Sie es noch einmal, oder melden Sie sich anders an.",
    },
    provider_cancelled: Note {
        title: "Sie sind nicht angemeldet",
        text: "Der andere Dienst hat Sie nicht bestätigt. Versuchen Sie es noch einmal, oder melden Sie sich anders an.",
    },
    provider_unverified: Note {
        title: "Bestätigen Sie zuerst Ihre E-Mail-Adresse",
        text: "Wir haben Ihnen einen Link gesendet. Öffnen Sie ihn, und melden Sie sich dann an.",
    },
    link_required: Note {
        title: "Sie sind nicht angemeldet",
        text: "Zu dieser Anmeldung gehört noch kein Konto. Melden Sie sich anders an, und verknüpfen Sie sie im Konto.",
    },
    signed_out: "Sie sind abgemeldet.",
    password_set: "Ihr Passwort ist festgelegt.",
    verified: "Ihre E-Mail-Adresse ist bestätigt.",
    remember: "Auf diesem Gerät angemeldet bleiben",
    forgotten: "Passwort vergessen?",
    or: "oder",
    with_provider: "Weiter mit {provider}",
    new_here: "Neu hier? [Konto anlegen]",
    already: "Sie sind schon angemeldet.",
    continue_as: "Weiter als {email}",
    another: "Anderes Konto benutzen",
    to_app: "Danach geht es weiter zu {app}.",
    sign_out: "Von {product} abmelden?",
    sign_out_button: "Abmelden",
    stay: "Angemeldet bleiben",
};
