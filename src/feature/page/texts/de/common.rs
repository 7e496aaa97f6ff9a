//! Texts that several pages share, in German.

use super::super::{CommonTexts, Note};

pub(super) const COMMON: CommonTexts = CommonTexts {
    languages: "Sprache",
    help: "Hilfe",
    privacy: "Datenschutz",
    terms: "Nutzungsbedingungen",
    show: "Zeigen",
    hide: "Verbergen",
    email: "E-Mail-Adresse",
    password: "Passwort",
    name: "Name",
    code: "Code",
    sign_in: "Anmelden",
    start_again: "Neu beginnen",
    go_on: "Weiter",
    several: Note {
        title: "Einige Angaben müssen Sie ändern",
        text: "Die Gründe stehen bei den Feldern.",
    },
    bad_email: "Geben Sie eine E-Mail-Adresse wie anna@example.org ein.",
    no_password: "Geben Sie Ihr Passwort ein.",
    long_password: "Dieses Passwort ist zu lang. Nehmen Sie höchstens 256 Zeichen.",
    bad_name: "Nehmen Sie höchstens 200 Zeichen, ohne Zeilenumbruch.",
    bad_code: "Geben Sie sechs Ziffern oder einen Wiederherstellungscode ein.",
    busy: Note {
        title: "Hier ist gerade sehr viel los",
        text: "Es ist nichts verloren. Versuchen Sie es gleich noch einmal.",
    },
    rate_limited: Note {
        title: "Zu viele Versuche aus Ihrem Netz",
        text: "Versuchen Sie es in {wait} noch einmal.",
    },
    locked: Note {
        title: "Zu viele falsche Passwörter",
        text: "Versuchen Sie es in {wait} noch einmal. Gibt es ein Konto mit dieser Adresse, ist eine E-Mail unterwegs. Ihr Link lässt Sie sofort wieder herein.",
    },
    not_done: "Das hat nicht geklappt",
    not_found: Note {
        title: "Diese Seite gibt es nicht",
        text: "Vielleicht ist die Adresse falsch geschrieben.",
    },
    go_to_start: "Zur Startseite",
    failed: Note {
        title: "Bei uns ist etwas schiefgegangen",
        text: "Versuchen Sie es noch einmal. Bleibt es dabei, nennen Sie der Hilfe diese Nummer: {number}",
    },
};
