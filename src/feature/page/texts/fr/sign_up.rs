//! Texts for the sign-up page and the pages that send an email, in French.

use super::super::{Note, SignUpTexts};

pub(super) const SIGN_UP: SignUpTexts = SignUpTexts {
    title: "Créer un compte",
    button: "Créer le compte",
    optional_name: "Nom (facultatif)",
    have_account: "Vous avez un compte\u{a0}? [Se connecter]",
    taken: Note {
        title: "Un compte a déjà cette adresse",
        text: "[Connectez-vous] ou [définissez un nouveau mot de passe].",
    },
    closed: Note {
        title: "Vous ne pouvez pas créer de compte ici",
        text: "Adressez-vous à l’exploitant de {product}.",
    },
    check_mail: "Consultez vos e-mails",
    mail_sent: "Si {email} peut servir ici, un message est en route. Cela peut prendre une minute. Regardez aussi dans les indésirables.",
    nothing_yet: "Toujours rien après une minute\u{a0}?",
    send_again: "Envoyer à nouveau",
    wrong_address: "Mauvaise adresse\u{a0}? [Recommencer]",
    forgot: "Mot de passe oublié\u{a0}?",
    forgot_text: "Saisissez votre adresse e-mail. Nous vous envoyons un lien pour en définir un nouveau.",
    send_link: "Envoyer le lien",
    remembered: "Il vous revient\u{a0}? [Se connecter]",
};
