//! Texts that several pages share, in French.

use super::super::{CommonTexts, Note};

pub(super) const COMMON: CommonTexts = CommonTexts {
    languages: "Langue",
    help: "Aide",
    privacy: "Confidentialité",
    terms: "Conditions",
    show: "Afficher",
    hide: "Masquer",
    email: "Adresse e-mail",
    password: "Mot de passe",
    name: "Nom",
    code: "Code",
    sign_in: "Se connecter",
    start_again: "Recommencer",
    go_on: "Continuer",
    several: Note {
        title: "Certains champs sont à corriger",
        text: "Les raisons sont indiquées à chaque champ.",
    },
    bad_email: "Saisissez une adresse e-mail comme anne@example.org.",
    no_password: "Saisissez votre mot de passe.",
    long_password: "Ce mot de passe est trop long. Utilisez 256 caractères au plus.",
    bad_name: "Utilisez 200 caractères au plus, sans saut de ligne.",
    bad_code: "Saisissez six chiffres ou un code de secours.",
    busy: Note {
        title: "Il y a beaucoup de monde",
        text: "Rien n’est perdu. Réessayez dans un instant.",
    },
    rate_limited: Note {
        title: "Trop d’essais depuis votre réseau",
        text: "Réessayez dans {wait}.",
    },
    locked: Note {
        title: "Trop de mots de passe erronés",
        text: "Réessayez dans {wait}. Si un compte a cette adresse, un e-mail est en route. Son lien vous laisse entrer tout de suite.",
    },
    not_done: "Cela n’a pas fonctionné",
    not_found: Note {
        title: "Cette page n’existe pas",
        text: "L’adresse contient peut-être une faute de frappe.",
    },
    go_to_start: "Aller à l’accueil",
    failed: Note {
        title: "Un problème est survenu de notre côté",
        text: "Réessayez. Si cela continue, donnez ce numéro à l’assistance\u{a0}: {number}",
    },
};
