//! Texts for the console, in German.

use super::super::{
    ActionsTexts, AskTexts, ConsoleTexts, ConsoleUserTexts, DangerTexts, DoneTexts, EditTexts,
    FigureTexts, FindTexts, LetterNames, Note, QueueTexts, StateTexts, TrailTexts,
};

pub(super) const CONSOLE: ConsoleTexts = ConsoleTexts {
    title: "Übersicht",
    navigation: "Verwaltung",
    admin: "Admin",
    users: "Benutzer",
    events: "Ereignisprotokoll",
    mail: "E-Mails",
    status: "Status",
    none: "Nicht vorhanden",
    next_page: "Nächste Seite",
    search: "Suchen",
    any: "Alle",
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
    now: "Jetzt",
    users: "Benutzer",
    administrators: "Administratoren",
    disabled: "Abgeschaltet",
    pending_mails: "Nachrichten unterwegs",
    dead_mails: "Nachrichten, die sich nicht senden ließen",
    sign_ins: "Anmeldungen der letzten 14 Tage",
    utc: "Ein Tag beginnt um Mitternacht UTC.",
    day: "Tag",
    signed_in: "Angemeldet",
    failed: "Abgelehnt",
    locked: "Gesperrt",
};

const FIND: FindTexts = FindTexts {
    title: "Suche",
    email: "E-Mail-Adresse beginnt mit",
    role: "Rolle",
    bad_role: "Rollen beginnen mit einem Kleinbuchstaben. Danach sind Kleinbuchstaben, Ziffern und \
               _ - . : erlaubt.",
    status: "Status",
    active: "Aktiv",
    disabled: "Abgeschaltet",
    confirmed: "bestätigt",
    not_confirmed: "nicht bestätigt",
    roles: "Rollen",
    more_roles: "und {count} weitere",
    last_sign_in: "Letzte Anmeldung",
    never: "Nie",
    nobody: "Kein Benutzer passt dazu.",
    new_user: "Neuer Benutzer",
};

const USER: ConsoleUserTexts = ConsoleUserTexts {
    profile: "Profil",
    edit: "Bearbeiten",
    created: "Angelegt",
    id: "Kennung",
    sign_in: "Anmeldung",
    sessions: "Angemeldete Geräte",
    more: "Weitere, die nicht gezeigt werden: {count}.",
    identities: "Verknüpfte Konten",
    last_events: "Letzte Ereignisse",
    all_events: "Alle Ereignisse dieses Benutzers",
    help: "Hilfe",
    danger: "Gefahr",
};

const EDIT: EditTexts = EditTexts {
    title: "Benutzer bearbeiten",
    roles: "Rollen",
    roles_hint: "Namen mit Leerzeichen dazwischen. Die Rolle admin darf diese Verwaltung benutzen.",
    bad_roles: "Rollen beginnen mit einem Kleinbuchstaben. Danach sind Kleinbuchstaben, Ziffern \
                und _ - . : erlaubt.",
    too_many_roles: "Nehmen Sie höchstens 32 Rollen.",
    verified: "Die E-Mail-Adresse ist bestätigt",
    save: "Speichern",
    overtaken: Note {
        title: "Jemand anderes hat diesen Benutzer geändert",
        text: "{changes} Ihre Eingaben stehen unten. Speichern Sie noch einmal, um sie zu behalten.",
    },
    now: "„{field}“ ist jetzt: {value}.",
    empty: "leer",
    yes: "ja",
    no: "nein",
    new_title: "Neuer Benutzer",
    new_text: "Wir senden eine Nachricht mit einem Link, um ein Passwort festzulegen.",
    create: "Benutzer anlegen",
    taken: Note {
        title: "Es gibt schon einen Benutzer mit dieser Adresse",
        text: "Suchen Sie die Adresse in der Liste der Benutzer.",
    },
    back_to_user: "Zurück zum Benutzer",
    back_to_users: "Zurück zu den Benutzern",
};

const ACTION: ActionsTexts = ActionsTexts {
    delete: AskTexts {
        title: "Diesen Benutzer löschen?",
        text: "Alles zu diesem Konto wird entfernt. Das Ereignisprotokoll bleibt. Das lässt sich \
               nicht rückgängig machen.",
        button: "Benutzer löschen",
    },
    disable: AskTexts {
        title: "Dieses Konto abschalten?",
        text: "Alle Geräte werden sofort abgemeldet. Der Benutzer kann sich erst wieder anmelden, \
               wenn Sie das Konto einschalten.",
        button: "Konto abschalten",
    },
    enable: AskTexts {
        title: "Dieses Konto einschalten?",
        text: "Der Benutzer kann sich wieder anmelden.",
        button: "Konto einschalten",
    },
    reset_factors: AskTexts {
        title: "Den zweiten Schritt entfernen?",
        text: "Apps, Wiederherstellungscodes und gemerkte Geräte werden entfernt. Alle Geräte \
               werden abgemeldet. Prüfen Sie zuerst, ob die Bitte wirklich von dieser Person kommt.",
        button: "Zweiten Schritt entfernen",
    },
    send_link: AskTexts {
        title: "Einen Link für ein neues Passwort senden?",
        text: "Das aktuelle Passwort gilt, bis der Link benutzt wird.",
        button: "Link senden",
    },
    sign_out: AskTexts {
        title: "Diesen Benutzer überall abmelden?",
        text: "Alle Geräte werden sofort abgemeldet. Gesendete Links für ein neues Passwort \
               funktionieren dann nicht mehr.",
        button: "Überall abmelden",
    },
    unlock: AskTexts {
        title: "Die Anmeldung entsperren?",
        text: "Die falschen Passwörter werden vergessen. Der Benutzer kann es sofort noch einmal \
               versuchen.",
        button: "Anmeldung entsperren",
    },
    is_disabled: Note {
        title: "Dieses Konto ist abgeschaltet",
        text: "Schalten Sie es zuerst ein.",
    },
};

const TRAIL: TrailTexts = TrailTexts {
    find: "Suche",
    kind: "Ereignis",
    user: "Benutzer",
    user_hint: "Eine E-Mail-Adresse oder eine Kennung.",
    unknown_user: "Kein Benutzer hat diese Adresse.",
    when: "Wann",
    what: "Was",
    by: "Durch wen",
    on: "Benutzer",
    from: "Von wo",
    nothing: "Kein Ereignis passt dazu.",
    deleted_user: "Gelöschter Benutzer {id}",
};

const QUEUE: QueueTexts = QueueTexts {
    find: "Suche",
    letter: "Nachricht",
    recipient: "An",
    requested: "Angefordert",
    state: "Status",
    dead: "Aufgegeben",
    pending: "Wartet",
    next_try: "Nächster Versuch am {at}",
    attempts: "Versuche",
    error: "Letzter Fehler",
    retry: "Noch einmal versuchen",
    retry_named: "Noch einmal versuchen: {letter} an {recipient}",
    nothing: "Keine Nachricht hängt fest.",
};

const STATE: StateTexts = StateTexts {
    dangers: "Einstellungen, die Aufmerksamkeit brauchen",
    all_well: "Alles ist in Ordnung.",
    service: "Dienst",
    version: "Version",
    database: "Datenbank",
    writable: "Nimmt Änderungen an",
    not_writable: "Nimmt keine Änderungen an. Sehen Sie im Protokoll des Servers nach.",
    migration: "Neueste Migration",
    applied: "Angewendet am {at}",
    no_migration: "Im Arbeitsspeicher, ohne Migrationen",
    passwords: "Passwortprüfungen dieses Prozesses",
    computing: "Laufend",
    waiting: "Wartend",
    refused: "Abgelehnt",
    of: "{count} von {most}",
    since_start: "Seit dem Start",
    mails: "Nachrichten",
    oldest: "Älteste Nachricht unterwegs",
    keys: "Signaturschlüssel für Anmeldungen",
    signs: "Signiert und prüft",
    verifies: "Prüft nur",
    in_use_since: "In Gebrauch seit {at}",
    danger: DangerTexts {
        no_code_limit: "Falsche Codes werden nicht gezählt.",
        no_lockout: "Falsche Passwörter sperren kein Konto.",
        no_rate_limit: "Die Zahl der Anmeldungen aus einem Netz ist nicht begrenzt.",
        plain_http: "Die öffentliche URL beginnt mit http. Passwörter werden deshalb ungeschützt \
                     übertragen.",
        weak_hashing: "Passwörter werden mit schwachen Einstellungen gehasht.",
    },
};

const LETTER: LetterNames = LetterNames {
    account_exists: "Es gibt schon ein Konto",
    account_locked: "Anmeldung gesperrt",
    account_secured: "Konto gesichert",
    confirm_email_change: "Neue Adresse bestätigen",
    email_changed: "Adresse geändert",
    email_change_requested: "Änderung der Adresse angefordert",
    factor_added: "Zweiter Schritt hinzugefügt",
    factor_failures: "Falsche Codes",
    factor_removed: "Zweiter Schritt entfernt",
    factors_reset: "Zweiter Schritt von einem Administrator entfernt",
    identity_linked: "Konto verknüpft",
    new_sign_in: "Neue Anmeldung",
    password_changed: "Passwort geändert",
    recovery_codes_renewed: "Neue Wiederherstellungscodes",
    recovery_codes_used_up: "Letzter Wiederherstellungscode benutzt",
    refresh_token_reused: "Anmeldung beendet, weil sie zweimal benutzt wurde",
    reset_password: "Link für ein neues Passwort",
    verify_email: "Adresse bestätigen",
};

const DONE: DoneTexts = DoneTexts {
    created: "Der Benutzer ist angelegt. Eine Nachricht mit einem Link ist unterwegs.",
    deleted: "Der Benutzer ist gelöscht.",
    disabled: "Das Konto ist abgeschaltet.",
    enabled: "Das Konto ist eingeschaltet.",
    factors_reset: "Der zweite Schritt ist entfernt.",
    link_sent: "Eine Nachricht mit einem Link ist unterwegs, falls nicht eben eine gesendet wurde.",
    retried: "Die Nachricht ist wieder unterwegs.",
    saved: "Der Benutzer ist gespeichert.",
    signed_out: "Der Benutzer ist überall abgemeldet.",
    unlocked: "Die Anmeldung ist entsperrt.",
};
