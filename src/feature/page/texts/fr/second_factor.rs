//! Texts for the second step of a sign-in, and for its setup, in French.

use super::super::{Note, SecondFactorTexts};

pub(super) const SECOND_FACTOR: SecondFactorTexts = SecondFactorTexts {
    title: "Saisir votre code",
    with_app: "Votre application d’authentification affiche six chiffres.",
    with_either: "Votre application d’authentification affiche six chiffres. Un code de secours convient aussi.",
    with_recovery_code: "Saisissez l’un de vos codes de secours.",
    button: "Confirmer le code",
    remember: "Ne pas demander sur cet appareil pendant 30 jours",
    wrong: "Ce code est erroné. Attendez le suivant, puis saisissez-le.",
    too_many: Note {
        title: "Trop de codes erronés",
        text: "Réessayez dans {wait}.",
    },
    confirm: "Confirmer votre mot de passe",
    confirm_text: "Ainsi, il est sûr que c’est vous.",
    confirm_button: "Confirmer le mot de passe",
    wrong_password: "Ce mot de passe est erroné. Réessayez.",
    enrol: "Activer la connexion en deux étapes",
    must_enrol: "Votre compte demande une deuxième étape. Il vous faut une application qui affiche des codes.",
    begin_button: "Configurer une application",
    scan: "Scannez cette image avec votre application d’authentification.",
    picture: "Image pour votre application d’authentification",
    or_type: "Ou saisissez cette clé dans l’application\u{a0}:",
    then_code: "Saisissez ensuite les six chiffres que l’application affiche.",
    enrol_button: "Confirmer le code",
    codes: "Gardez vos codes de secours",
    codes_text: "Chaque code vous laisse entrer une fois sans votre téléphone. Gardez-les en lieu sûr. Nous ne les affichons plus ensuite.",
    download: "Télécharger les codes",
    file: "codes-de-secours.txt",
};
