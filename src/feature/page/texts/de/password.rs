//! Texts about new passwords, in German.

use super::super::PasswordTexts;

pub(super) const PASSWORD: PasswordTexts = PasswordTexts {
    new_password: "Neues Passwort",
    hint: "Mindestens {min} Zeichen. Gut sind drei oder vier Wörter ohne Zusammenhang.",
    too_short: "Dieses Passwort ist zu kurz. Nehmen Sie mindestens {min} Zeichen.",
    too_long: "Dieses Passwort ist zu lang. Nehmen Sie höchstens 256 Zeichen.",
    control_character: "Dieses Passwort enthält einen Tabulator oder ein anderes Steuerzeichen. Lassen Sie es weg.",
    common: "Viele benutzen dieses Passwort, deshalb wird es zuerst geraten. Wählen Sie ein anderes.",
    contains_address: "Nehmen Sie nicht Ihre E-Mail-Adresse als Passwort.",
    contains_name: "Nehmen Sie nicht Ihren Namen als Passwort.",
    contains_product: "Nehmen Sie nicht „{product}“ als Passwort.",
    too_guessable: "Dieses Passwort ist leicht zu erraten. Fügen Sie ein Wort hinzu.",
    breached: "Dieses Passwort stand in einem Datenleck. Wählen Sie ein anderes, und ändern Sie es überall.",
};
