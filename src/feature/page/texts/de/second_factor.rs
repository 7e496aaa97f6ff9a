//! Texts for the second step of a sign-in, and for its setup, in German.

use super::super::{Note, SecondFactorTexts};

pub(super) const SECOND_FACTOR: SecondFactorTexts = SecondFactorTexts {
    title: "Code eingeben",
    with_app: "Ihre Authenticator-App zeigt sechs Ziffern.",
    with_either: "Ihre Authenticator-App zeigt sechs Ziffern. Ein Wiederherstellungscode geht auch.",
    with_recovery_code: "Geben Sie einen Ihrer Wiederherstellungscodes ein.",
    button: "Code bestätigen",
    remember: "Auf diesem Gerät 30 Tage nicht fragen",
    wrong: "Dieser Code ist falsch. Warten Sie auf den nächsten, und geben Sie ihn ein.",
    too_many: Note {
        title: "Zu viele falsche Codes",
        text: "Versuchen Sie es in {wait} noch einmal.",
    },
    confirm: "Passwort bestätigen",
    confirm_text: "So ist sicher, dass Sie es sind.",
    confirm_button: "Passwort bestätigen",
    wrong_password: "Dieses Passwort ist falsch. Versuchen Sie es noch einmal.",
    enrol: "Anmeldung in zwei Schritten einrichten",
    must_enrol: "Ihr Konto braucht einen zweiten Schritt. Sie benötigen eine App, die Codes anzeigt.",
    begin_button: "App einrichten",
    scan: "Scannen Sie dieses Bild mit Ihrer Authenticator-App.",
    picture: "Bild für Ihre Authenticator-App",
    or_type: "Oder tippen Sie diesen Schlüssel in die App:",
    then_code: "Geben Sie dann die sechs Ziffern ein, die die App zeigt.",
    enrol_button: "Code bestätigen",
    codes: "Bewahren Sie Ihre Wiederherstellungscodes auf",
    codes_text: "Mit jedem Code kommen Sie einmal herein, wenn Ihr Telefon fehlt. Bewahren Sie sie sicher auf. Wir zeigen sie nicht noch einmal.",
    download: "Codes herunterladen",
    file: "wiederherstellungscodes.txt",
};
