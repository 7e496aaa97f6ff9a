//! Texts about new passwords, in French.

use super::super::PasswordTexts;

pub(super) const PASSWORD: PasswordTexts = PasswordTexts {
    new_password: "Nouveau mot de passe",
    hint: "Au moins {min} caractères. Trois ou quatre mots sans lien conviennent bien.",
    too_short: "Ce mot de passe est trop court. Utilisez au moins {min} caractères.",
    too_long: "Ce mot de passe est trop long. Utilisez 256 caractères au plus.",
    control_character: "Ce mot de passe contient une tabulation ou un caractère de contrôle. Retirez-le.",
    common: "Beaucoup utilisent ce mot de passe. Il est donc deviné en premier. Choisissez-en un autre.",
    contains_address: "N’utilisez pas votre adresse e-mail comme mot de passe.",
    contains_name: "N’utilisez pas votre nom comme mot de passe.",
    contains_product: "N’utilisez pas «\u{a0}{product}\u{a0}» comme mot de passe.",
    too_guessable: "Ce mot de passe est facile à deviner. Ajoutez un mot.",
    breached: "Ce mot de passe figurait dans une fuite de données. Choisissez-en un autre, et changez-le partout.",
};
