//! Texts for the console, in English.

use super::super::{
    ActionsTexts, AskTexts, ConsoleTexts, ConsoleUserTexts, DangerTexts, DoneTexts, EditTexts,
    FigureTexts, FindTexts, LetterNames, Note, QueueTexts, StateTexts, TrailTexts,
};

pub(super) const CONSOLE: ConsoleTexts = ConsoleTexts {
    title: "Overview",
    navigation: "Administration",
    admin: "Admin",
    users: "Users",
    events: "Audit trail",
    mail: "Mail",
    status: "Status",
    none: "None",
    next_page: "Next page",
    search: "Search",
    any: "Any",
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
    now: "Now",
    users: "Users",
    administrators: "Administrators",
    disabled: "Switched off",
    pending_mails: "Messages on their way",
    dead_mails: "Messages that could not be sent",
    sign_ins: "Sign-ins of the last 14 days",
    utc: "A day begins at midnight UTC.",
    day: "Day",
    signed_in: "Signed in",
    failed: "Failed",
    locked: "Locked",
};

const FIND: FindTexts = FindTexts {
    title: "Find",
    email: "Email address begins with",
    role: "Role",
    bad_role: "A role has only small letters, digits and _ - . : and begins with a letter.",
    status: "Status",
    active: "Active",
    disabled: "Switched off",
    confirmed: "confirmed",
    not_confirmed: "not confirmed",
    roles: "Roles",
    more_roles: "and {count} more",
    last_sign_in: "Last sign-in",
    never: "Never",
    nobody: "No user matches.",
    new_user: "New user",
};

const USER: ConsoleUserTexts = ConsoleUserTexts {
    profile: "Profile",
    edit: "Edit",
    created: "Created",
    id: "Identifier",
    sign_in: "Sign-in",
    sessions: "Sessions",
    more: "{count} more are not shown.",
    identities: "Linked accounts",
    last_events: "Last events",
    all_events: "All events of this user",
    help: "Help",
    danger: "Danger",
};

const EDIT: EditTexts = EditTexts {
    title: "Edit user",
    roles: "Roles",
    roles_hint: "Names with a space between them. The role admin may use this console.",
    bad_roles: "A role has only small letters, digits and _ - . : and begins with a letter.",
    too_many_roles: "Use at most 32 roles.",
    verified: "The email address is confirmed",
    save: "Save",
    overtaken: Note {
        title: "Somebody else has changed this user",
        text: "{changes} Your entries are below. Save again to keep them.",
    },
    now: "{field} is now: {value}.",
    empty: "empty",
    yes: "yes",
    no: "no",
    new_title: "New user",
    new_text: "We send a message with a link to set a password.",
    create: "Create user",
    taken: Note {
        title: "There is a user with this address",
        text: "Search for the address in the list of users.",
    },
    back_to_user: "Back to the user",
    back_to_users: "Back to the users",
};

const ACTION: ActionsTexts = ActionsTexts {
    delete: AskTexts {
        title: "Delete this user?",
        text: "Everything about the account is removed. The audit trail stays. This cannot be undone.",
        button: "Delete user",
    },
    disable: AskTexts {
        title: "Switch off this user?",
        text: "All sessions end at once. The user cannot sign in until you switch the account on.",
        button: "Switch off",
    },
    enable: AskTexts {
        title: "Switch on this user?",
        text: "The user can sign in again.",
        button: "Switch on",
    },
    reset_factors: AskTexts {
        title: "Remove the second step?",
        text: "Apps, recovery codes and remembered devices are removed, and all sessions end. \
               Make sure first that the request comes from this person.",
        button: "Remove second step",
    },
    send_link: AskTexts {
        title: "Send a link to set a password?",
        text: "The current password works until the link is used.",
        button: "Send the link",
    },
    sign_out: AskTexts {
        title: "Sign out this user everywhere?",
        text: "All sessions end at once, and mailed links to set a password stop working.",
        button: "Sign out everywhere",
    },
    unlock: AskTexts {
        title: "Unlock the sign-in?",
        text: "Wrong passwords are forgotten, so the user can try again at once.",
        button: "Unlock",
    },
    is_disabled: Note {
        title: "This account is switched off",
        text: "Switch it on first.",
    },
};

const TRAIL: TrailTexts = TrailTexts {
    find: "Find",
    kind: "Event",
    user: "User",
    user_hint: "An email address or an identifier.",
    unknown_user: "No user has this address.",
    when: "When",
    what: "What",
    by: "By",
    on: "User",
    from: "From",
    nothing: "No event matches.",
    deleted_user: "Deleted user {id}",
};

const QUEUE: QueueTexts = QueueTexts {
    find: "Find",
    letter: "Message",
    recipient: "To",
    requested: "Requested",
    state: "State",
    dead: "Given up",
    pending: "Waiting",
    next_try: "Next try on {at}",
    attempts: "Tries",
    error: "Last error",
    retry: "Try again",
    retry_named: "Try again: {letter} to {recipient}",
    nothing: "No mail is stuck.",
};

const STATE: StateTexts = StateTexts {
    dangers: "Settings that need attention",
    all_well: "All is well.",
    service: "Service",
    version: "Version",
    database: "Database",
    writable: "Accepts changes",
    not_writable: "Does not accept changes. Look at the log of the server.",
    migration: "Newest migration",
    applied: "Applied on {at}",
    no_migration: "In memory, without migrations",
    passwords: "Password checks of this process",
    computing: "Running",
    waiting: "Waiting",
    refused: "Refused",
    of: "{count} of {most}",
    since_start: "Since the start",
    mails: "Messages",
    oldest: "Oldest message on its way",
    keys: "Keys of access tokens",
    signs: "Signs and checks",
    verifies: "Checks only",
    in_use_since: "In use since {at}",
    danger: DangerTexts {
        no_code_limit: "Wrong codes are not counted.",
        no_lockout: "Wrong passwords do not lock an account.",
        no_rate_limit: "The number of sign-ins from one network is not limited.",
        plain_http: "The public URL is http, so passwords travel unprotected.",
        weak_hashing: "Passwords are hashed with weak parameters.",
    },
};

const LETTER: LetterNames = LetterNames {
    account_exists: "There is an account already",
    account_locked: "Sign-in locked",
    account_secured: "Account secured",
    confirm_email_change: "Confirm the new address",
    email_changed: "Address changed",
    email_change_requested: "Change of address requested",
    factor_added: "Second step added",
    factor_failures: "Wrong codes",
    factor_removed: "Second step removed",
    factors_reset: "Second step removed by an administrator",
    identity_linked: "Account linked",
    new_sign_in: "New sign-in",
    password_changed: "Password changed",
    recovery_codes_renewed: "New recovery codes",
    recovery_codes_used_up: "Last recovery code used",
    refresh_token_reused: "Sign-in ended because it was used twice",
    reset_password: "Link to set a password",
    verify_email: "Confirm the address",
};

const DONE: DoneTexts = DoneTexts {
    created: "The user is created. A message with a link is on its way.",
    deleted: "The user is deleted.",
    disabled: "The user is switched off.",
    enabled: "The user is switched on.",
    factors_reset: "The second step is removed.",
    link_sent: "A message with a link is on its way, unless one was just sent.",
    retried: "The message is on its way again.",
    saved: "The user is saved.",
    signed_out: "The user is signed out everywhere.",
    unlocked: "The sign-in is unlocked.",
};
