//! Texts for the pages that mailed links open, in French.

use super::super::{ActionTexts, LinkTexts, Note};

pub(super) const LINK: LinkTexts = LinkTexts {
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "Changer d’adresse e-mail",
            text: "Votre compte {product} aura cette adresse. Vous serez déconnecté de tous les appareils.",
        },
        button: "Changer l’adresse",
        done: Note {
            title: "Votre adresse e-mail est changée",
            text: "Connectez-vous avec la nouvelle adresse.",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "Définir un nouveau mot de passe",
            text: "Choisissez un nouveau mot de passe pour votre compte {product}. Vous serez déconnecté de tous les appareils.",
        },
        button: "Définir le mot de passe",
        done: Note {
            title: "Votre mot de passe est défini",
            text: "Connectez-vous avec le nouveau mot de passe.",
        },
    },
    secure_account: ActionTexts {
        ask: Note {
            title: "Protéger votre compte",
            text: "Tous les appareils seront déconnectés de {product}. Le mot de passe ne marchera plus. Nous vous enverrons un lien pour un nouveau.",
        },
        button: "Protéger le compte",
        done: Note {
            title: "Votre compte est protégé",
            text: "Tous les appareils sont déconnectés. Nous vous avons envoyé un message. Son lien permet de définir un nouveau mot de passe.",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "Débloquer la connexion",
            text: "Confirmez que vous voulez vous reconnecter à {product}.",
        },
        button: "Débloquer la connexion",
        done: Note {
            title: "Vous pouvez vous reconnecter",
            text: "Les mots de passe erronés sont oubliés.",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "Confirmer votre adresse e-mail",
            text: "Confirmez que vous avez un compte {product} à cette adresse.",
        },
        button: "Confirmer l’adresse",
        done: Note {
            title: "Votre adresse e-mail est confirmée",
            text: "Merci.",
        },
    },
    close: "Vous pouvez fermer cette page.",
    used: Note {
        title: "Ce lien a déjà servi",
        text: "Si c’était vous, il n’y a rien à faire.",
    },
    password_set_before: Note {
        title: "Ce lien a déjà servi",
        text: "Le mot de passe défini en premier est le bon. Si c’était vous, il n’y a rien à faire.",
    },
    secured_elsewhere: Note {
        title: "Tous les appareils sont déconnectés",
        text: "Le compte a maintenant une autre adresse. Si ce n’était pas vous, demandez de l’aide. Adressez-vous aux responsables de {product}.",
    },
    invalid: Note {
        title: "Ce lien est trop ancien",
        text: "Il a expiré, ou un plus récent l’a remplacé. Demandez un nouveau lien.",
    },
    ask_again: "Saisissez votre adresse e-mail. Nous envoyons un nouveau lien.",
    send_link: "Envoyer un nouveau lien",
    refused: Note {
        title: "Ce formulaire nous est mal parvenu",
        text: "Rouvrez la page, ou le lien reçu par e-mail. Envoyez ensuite le formulaire.",
    },
    unavailable: Note {
        title: "Il y a beaucoup de monde",
        text: "Rien n’est perdu. Réessayez dans un instant.",
    },
};
