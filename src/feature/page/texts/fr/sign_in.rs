//! Texts for the sign-in and sign-out pages, in French.

use super::super::{Note, SignInTexts};

pub(super) const SIGN_IN: SignInTexts = SignInTexts {
    title: "Se connecter",
    button: "Se connecter",
    wrong: Note {
        title: "Vous n’êtes pas connecté",
        text: "L’adresse e-mail ou le mot de passe est erroné. Vérifiez les deux, ou [définissez un nouveau mot de passe].",
    },
    not_verified: Note {
        title: "Confirmez d’abord votre adresse e-mail",
        text: "Nous vous avons envoyé un lien.",
    },
    send_link: "Envoyer un nouveau lien",
    disabled: Note {
        title: "Ce compte est désactivé",
        text: "Adressez-vous à l’exploitant de {product}.",
    },
    expired: Note {
        title: "La deuxième étape a pris trop de temps",
        text: "Connectez-vous à nouveau.",
    },
    provider_failed: Note {
        title: "Vous n’êtes pas connecté",
        text: "L’autre service n’a pas répondu comme prévu. Réessayez, ou connectez-vous autrement.",
    },
    provider_cancelled: Note {
        title: "Vous n’êtes pas connecté",
        text: "L’autre service n’a pas confirmé qui vous êtes. Réessayez, ou connectez-vous autrement.",
    },
    provider_unverified: Note {
        title: "Confirmez d’abord votre adresse e-mail",
        text: "Nous vous avons envoyé un lien. Ouvrez-le, puis connectez-vous.",
    },
    link_required: Note {
        title: "Vous n’êtes pas connecté",
        text: "Cette connexion n’est liée à aucun compte. Connectez-vous autrement, puis liez-la dans votre compte.",
    },
    signed_out: "Vous êtes déconnecté.",
    password_set: "Votre mot de passe est défini.",
    verified: "Votre adresse e-mail est confirmée.",
    remember: "Rester connecté sur cet appareil",
    forgotten: "Mot de passe oublié\u{a0}?",
    or: "ou",
    with_provider: "Continuer avec {provider}",
    new_here: "Nouveau ici\u{a0}? [Créer un compte]",
    already: "Vous êtes déjà connecté.",
    continue_as: "Continuer avec {email}",
    another: "Utiliser un autre compte",
    to_app: "Vous continuerez ensuite vers {app}.",
    sign_out: "Se déconnecter de {product}\u{a0}?",
    sign_out_button: "Se déconnecter",
    stay: "Rester connecté",
};
