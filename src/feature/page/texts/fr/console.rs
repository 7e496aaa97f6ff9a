//! Texts for the console, in French.

use super::super::{
    ActionsTexts, AskTexts, ConsoleTexts, ConsoleUserTexts, DangerTexts, DoneTexts, EditTexts,
    FigureTexts, FindTexts, LetterNames, Note, QueueTexts, StateTexts, TrailTexts,
};

pub(super) const CONSOLE: ConsoleTexts = ConsoleTexts {
    title: "Vue d’ensemble",
    navigation: "Administration",
    admin: "Admin",
    users: "Utilisateurs",
    events: "Journal des événements",
    mail: "E-mails",
    status: "État",
    none: "Aucun",
    next_page: "Page suivante",
    search: "Rechercher",
    any: "Tous",
    figures: FIGURES,
    find: FIND,
    user: USER,
    edit: EDIT,
    action: ACTION,
    trail: TRAIL,
    queue: QUEUE,
    state: STATE,
    letter: LETTER,
    done: DONE,
};

const FIGURES: FigureTexts = FigureTexts {
    now: "En ce moment",
    users: "Utilisateurs",
    administrators: "Administrateurs",
    disabled: "Désactivés",
    pending_mails: "Messages en route",
    dead_mails: "Messages qui n’ont pas pu être envoyés",
    sign_ins: "Connexions des 14 derniers jours",
    utc: "Un jour commence à minuit UTC.",
    day: "Jour",
    signed_in: "Réussies",
    failed: "Refusées",
    locked: "Bloquées",
};

const FIND: FindTexts = FindTexts {
    title: "Recherche",
    email: "L’adresse e-mail commence par",
    role: "Rôle",
    bad_role: "N’utilisez que minuscules, chiffres et _ - . : dans un rôle. Commencez par une \
               lettre.",
    status: "État",
    active: "Actif",
    disabled: "Désactivé",
    confirmed: "adresse confirmée",
    not_confirmed: "adresse non confirmée",
    roles: "Rôles",
    more_roles: "et {count} de plus",
    last_sign_in: "Dernière connexion",
    never: "Jamais",
    nobody: "Aucun utilisateur ne correspond.",
    new_user: "Nouvel utilisateur",
};

const USER: ConsoleUserTexts = ConsoleUserTexts {
    profile: "Profil",
    edit: "Modifier",
    created: "Créé",
    id: "Identifiant",
    sign_in: "Connexion",
    sessions: "Appareils connectés",
    more: "Autres, non affichés\u{a0}: {count}.",
    identities: "Comptes liés",
    last_events: "Derniers événements",
    all_events: "Tous les événements de cet utilisateur",
    help: "Aide",
    danger: "Danger",
};

const EDIT: EditTexts = EditTexts {
    title: "Modifier l’utilisateur",
    roles: "Rôles",
    roles_hint: "Des noms séparés par une espace. Le rôle admin donne accès à cette administration.",
    bad_roles: "N’utilisez que minuscules, chiffres et _ - . : dans un rôle. Commencez par une \
                lettre.",
    too_many_roles: "Utilisez 32 rôles au plus.",
    verified: "L’adresse e-mail est confirmée",
    save: "Enregistrer",
    overtaken: Note {
        title: "Quelqu’un d’autre a modifié cet utilisateur",
        text: "{changes} Vos saisies sont ci-dessous. Enregistrez à nouveau pour les garder.",
    },
    now: "«\u{a0}{field}\u{a0}» est maintenant\u{a0}: {value}.",
    empty: "vide",
    yes: "oui",
    no: "non",
    new_title: "Nouvel utilisateur",
    new_text: "Nous envoyons un message. Son lien permet de définir un mot de passe.",
    create: "Créer l’utilisateur",
    taken: Note {
        title: "Un utilisateur a déjà cette adresse",
        text: "Cherchez l’adresse dans la liste des utilisateurs.",
    },
    back_to_user: "Retour à l’utilisateur",
    back_to_users: "Retour aux utilisateurs",
};

const ACTION: ActionsTexts = ActionsTexts {
    delete: AskTexts {
        title: "Supprimer cet utilisateur\u{a0}?",
        text: "Tout ce qui concerne le compte est supprimé. Le journal des événements reste. C’est \
               définitif.",
        button: "Supprimer l’utilisateur",
    },
    disable: AskTexts {
        title: "Désactiver cet utilisateur\u{a0}?",
        text: "Tous les appareils sont aussitôt déconnectés. L’utilisateur ne peut se connecter \
               que si vous réactivez le compte.",
        button: "Désactiver l’utilisateur",
    },
    enable: AskTexts {
        title: "Activer cet utilisateur\u{a0}?",
        text: "L’utilisateur peut se connecter à nouveau.",
        button: "Activer l’utilisateur",
    },
    reset_factors: AskTexts {
        title: "Retirer la deuxième étape\u{a0}?",
        text: "Applications, codes de secours et appareils mémorisés sont retirés. Tous les \
               appareils sont déconnectés. Vérifiez d’abord que la demande vient bien de cette \
               personne.",
        button: "Retirer la deuxième étape",
    },
    send_link: AskTexts {
        title: "Envoyer un lien pour définir un mot de passe\u{a0}?",
        text: "Le mot de passe actuel fonctionne jusqu’à l’utilisation du lien.",
        button: "Envoyer le lien",
    },
    sign_out: AskTexts {
        title: "Déconnecter cet utilisateur de tous les appareils\u{a0}?",
        text: "Tous les appareils sont aussitôt déconnectés. Les liens envoyés pour définir un mot \
               de passe cessent de fonctionner.",
        button: "Déconnecter tous les appareils",
    },
    unlock: AskTexts {
        title: "Débloquer la connexion\u{a0}?",
        text: "Les mots de passe erronés sont oubliés. L’utilisateur peut réessayer tout de suite.",
        button: "Débloquer la connexion",
    },
    is_disabled: Note {
        title: "Ce compte est désactivé",
        text: "Activez-le d’abord.",
    },
};

const TRAIL: TrailTexts = TrailTexts {
    find: "Recherche",
    kind: "Événement",
    user: "Utilisateur",
    user_hint: "Une adresse e-mail ou un identifiant.",
    unknown_user: "Aucun utilisateur n’a cette adresse.",
    when: "Quand",
    what: "Quoi",
    by: "Par qui",
    on: "Utilisateur",
    from: "D’où",
    nothing: "Aucun événement ne correspond.",
    deleted_user: "Utilisateur supprimé {id}",
};

const QUEUE: QueueTexts = QueueTexts {
    find: "Recherche",
    letter: "Message",
    recipient: "À",
    requested: "Demandé",
    state: "État",
    dead: "Abandonné",
    pending: "En attente",
    next_try: "Prochain essai le {at}",
    attempts: "Essais",
    error: "Dernière erreur",
    retry: "Réessayer",
    retry_named: "Réessayer\u{a0}: {letter} à {recipient}",
    nothing: "Aucun message n’est bloqué.",
};

const STATE: StateTexts = StateTexts {
    dangers: "Réglages qui demandent votre attention",
    all_well: "Tout va bien.",
    service: "Service",
    version: "Version",
    database: "Base de données",
    writable: "Accepte les modifications",
    not_writable: "N’accepte pas les modifications. Consultez le journal du serveur.",
    migration: "Dernière migration",
    applied: "Appliquée le {at}",
    no_migration: "En mémoire, sans migrations",
    passwords: "Vérifications de mots de passe de ce processus",
    computing: "En cours",
    waiting: "En attente",
    refused: "Refusées",
    of: "{count} sur {most}",
    since_start: "Depuis le démarrage",
    mails: "Messages",
    oldest: "Plus ancien message en route",
    keys: "Clés de signature des connexions",
    signs: "Signe et vérifie",
    verifies: "Vérifie seulement",
    in_use_since: "Utilisée depuis le {at}",
    danger: DangerTexts {
        no_code_limit: "Les codes erronés ne sont pas comptés.",
        no_lockout: "Les mots de passe erronés ne bloquent aucun compte.",
        no_rate_limit: "Le nombre de connexions depuis un même réseau n’est pas limité.",
        plain_http: "L’URL publique est en http. Les mots de passe circulent donc sans protection.",
        weak_hashing: "Les mots de passe sont hachés avec des réglages faibles.",
    },
};

const LETTER: LetterNames = LetterNames {
    account_exists: "Un compte existe déjà",
    account_locked: "Connexion bloquée",
    account_secured: "Compte protégé",
    confirm_email_change: "Confirmer la nouvelle adresse",
    email_changed: "Adresse changée",
    email_change_requested: "Changement d’adresse demandé",
    factor_added: "Deuxième étape ajoutée",
    factor_failures: "Codes erronés",
    factor_removed: "Deuxième étape retirée",
    factors_reset: "Deuxième étape retirée par un administrateur",
    identity_linked: "Compte lié",
    new_sign_in: "Nouvelle connexion",
    password_changed: "Mot de passe changé",
    recovery_codes_renewed: "Nouveaux codes de secours",
    recovery_codes_used_up: "Dernier code de secours utilisé",
    refresh_token_reused: "Connexion arrêtée, car utilisée deux fois",
    reset_password: "Lien pour définir un mot de passe",
    verify_email: "Confirmer l’adresse",
};

const DONE: DoneTexts = DoneTexts {
    created: "L’utilisateur est créé. Un message avec un lien est en route.",
    deleted: "L’utilisateur est supprimé.",
    disabled: "L’utilisateur est désactivé.",
    enabled: "L’utilisateur est activé.",
    factors_reset: "La deuxième étape est retirée.",
    link_sent: "Un message avec un lien est en route, sauf si l’on vient d’en envoyer un.",
    retried: "Le message est à nouveau en route.",
    saved: "L’utilisateur est enregistré.",
    signed_out: "L’utilisateur est déconnecté de tous les appareils.",
    unlocked: "La connexion est débloquée.",
};
