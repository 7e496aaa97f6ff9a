//! The French texts of the pages.

use super::{ActionTexts, Note, Texts};
use crate::error::Weakness;

pub(crate) static FR: Texts = Texts {
    lang: "fr",
    error: "Erreur\u{a0}: ",
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "Changer d’adresse e-mail",
            text: "Confirmez que cette adresse doit devenir celle de votre compte {product}. Vous serez déconnecté partout.",
        },
        button: "Changer l’adresse",
        done: Note {
            title: "Adresse changée",
            text: "Votre compte a désormais la nouvelle adresse. Vous pouvez fermer cette page et vous connecter.",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "Définir un nouveau mot de passe",
            text: "Choisissez un nouveau mot de passe pour votre compte {product}. Vous serez déconnecté partout.",
        },
        button: "Définir le mot de passe",
        done: Note {
            title: "Mot de passe défini",
            text: "Votre nouveau mot de passe est en vigueur. Vous pouvez fermer cette page et vous connecter.",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "Déverrouiller la connexion",
            text: "Confirmez que vous souhaitez vous reconnecter à votre compte {product}. Les échecs précédents seront oubliés.",
        },
        button: "Déverrouiller",
        done: Note {
            title: "Connexion déverrouillée",
            text: "Vous pouvez de nouveau vous connecter. Vous pouvez fermer cette page.",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "Confirmer votre adresse e-mail",
            text: "Confirmez que vous avez un compte {product} à cette adresse.",
        },
        button: "Confirmer l’adresse",
        done: Note {
            title: "Adresse confirmée",
            text: "Merci. Vous pouvez fermer cette page.",
        },
    },
    new_password: "Nouveau mot de passe",
    min_password: "Au moins {min} caractères.",
    rules: [
        (
            Weakness::TooShort,
            "Le mot de passe doit compter au moins {min} caractères.",
        ),
        (
            Weakness::TooLong,
            "Le mot de passe est trop long\u{a0}: 256 caractères au plus.",
        ),
        (
            Weakness::ControlCharacter,
            "Le mot de passe contient une tabulation ou un autre caractère de contrôle.",
        ),
        (
            Weakness::Common,
            "Ce mot de passe est l’un des plus courants.",
        ),
        (
            Weakness::ContainsAddress,
            "Le mot de passe ne doit pas être votre adresse e-mail.",
        ),
        (
            Weakness::ContainsName,
            "Le mot de passe ne doit pas être votre nom.",
        ),
        (
            Weakness::ContainsProduct,
            "Le mot de passe ne doit pas être le nom de ce service.",
        ),
        (
            Weakness::TooGuessable,
            "Ce mot de passe est facile à deviner.",
        ),
        (
            Weakness::Breached,
            "Ce mot de passe est connu à la suite d’une fuite de données.",
        ),
    ],
    busy: "Cela n’a pas fonctionné. Veuillez réessayer dans un instant.",
    used: "Ce lien a déjà servi. Si c’était vous, il n’y a rien d’autre à faire. Vous pouvez fermer cette page.",
    password_set_before: "Ce lien a déjà servi, et le mot de passe défini en premier est valable. Si c’était vous, il n’y a rien d’autre à faire. Vous pouvez fermer cette page et vous connecter.",
    invalid: Note {
        title: "Ce lien n’est plus valable",
        text: "Il a expiré ou a été remplacé par un plus récent. Demandez un nouveau lien et ouvrez celui-là.",
    },
    refused: Note {
        title: "Ce formulaire n’a pas pu être accepté",
        text: "Veuillez rouvrir le lien reçu par e-mail et envoyer le formulaire depuis cette page.",
    },
    unavailable: Note {
        title: "Veuillez réessayer dans un instant",
        text: "Le service n’est pas disponible pour le moment. Votre lien n’est pas perdu.",
    },
    failed: Note {
        title: "Une erreur s’est produite",
        text: "Le problème vient de nous. Veuillez réessayer plus tard.",
    },
};
