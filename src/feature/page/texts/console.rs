//! Texts for the console.

use serde::{Deserialize, Serialize};

use super::Note;
use crate::user::UserStatus;

/// Texts for the console.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConsoleTexts<T = &'static str> {
    /// The first page.
    pub(crate) title: T,
    /// The label of the links at the top, and the link from an account.
    pub(crate) navigation: T,
    /// Shown after the product name.
    pub(crate) admin: T,
    pub(crate) users: T,
    pub(crate) events: T,
    pub(crate) mail: T,
    pub(crate) status: T,
    pub(crate) none: T,
    pub(crate) next_page: T,
    pub(crate) search: T,
    pub(crate) any: T,
    pub(crate) figures: FigureTexts<T>,
    pub(crate) find: FindTexts<T>,
    pub(crate) user: ConsoleUserTexts<T>,
    pub(crate) edit: EditTexts<T>,
    pub(crate) action: ActionsTexts<T>,
    pub(crate) trail: TrailTexts<T>,
    pub(crate) queue: QueueTexts<T>,
    pub(crate) state: StateTexts<T>,
    pub(crate) letter: LetterNames<T>,
    pub(crate) done: DoneTexts<T>,
}

/// Texts for the first page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FigureTexts<T = &'static str> {
    pub(crate) now: T,
    pub(crate) users: T,
    pub(crate) administrators: T,
    pub(crate) disabled: T,
    pub(crate) pending_mails: T,
    pub(crate) dead_mails: T,
    pub(crate) sign_ins: T,
    /// Shown below the sign-ins heading.
    pub(crate) utc: T,
    pub(crate) day: T,
    pub(crate) signed_in: T,
    pub(crate) failed: T,
    pub(crate) locked: T,
}

/// Texts for the user list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FindTexts<T = &'static str> {
    pub(crate) title: T,
    pub(crate) email: T,
    pub(crate) role: T,
    pub(crate) bad_role: T,
    pub(crate) status: T,
    pub(crate) active: T,
    pub(crate) disabled: T,
    pub(crate) confirmed: T,
    pub(crate) not_confirmed: T,
    pub(crate) roles: T,
    /// `{count}` is the number of roles that are not shown.
    pub(crate) more_roles: T,
    pub(crate) last_sign_in: T,
    pub(crate) never: T,
    pub(crate) nobody: T,
    pub(crate) new_user: T,
}

impl FindTexts<String> {
    /// The text for a status.
    pub(crate) fn of(&self, status: UserStatus) -> &str {
        match status {
            UserStatus::Active => &self.active,
            UserStatus::Disabled => &self.disabled,
        }
    }
}

/// Texts for a user's page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConsoleUserTexts<T = &'static str> {
    pub(crate) profile: T,
    pub(crate) edit: T,
    pub(crate) created: T,
    pub(crate) id: T,
    pub(crate) sign_in: T,
    pub(crate) sessions: T,
    /// `{count}` is the number of rows that are not shown.
    pub(crate) more: T,
    pub(crate) identities: T,
    pub(crate) last_events: T,
    pub(crate) all_events: T,
    pub(crate) help: T,
    pub(crate) danger: T,
}

/// Texts for the forms that create and change a user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EditTexts<T = &'static str> {
    pub(crate) title: T,
    pub(crate) roles: T,
    pub(crate) roles_hint: T,
    pub(crate) bad_roles: T,
    pub(crate) too_many_roles: T,
    pub(crate) verified: T,
    pub(crate) save: T,
    /// `{changes}` lists the changes that somebody else has made.
    pub(crate) overtaken: Note<T>,
    /// `{field}` is now `{value}`.
    pub(crate) now: T,
    pub(crate) empty: T,
    pub(crate) yes: T,
    pub(crate) no: T,
    pub(crate) new_title: T,
    pub(crate) new_text: T,
    pub(crate) create: T,
    pub(crate) taken: Note<T>,
    pub(crate) back_to_user: T,
    pub(crate) back_to_users: T,
}

/// Texts for the confirmation pages.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ActionsTexts<T = &'static str> {
    pub(crate) delete: AskTexts<T>,
    pub(crate) disable: AskTexts<T>,
    pub(crate) enable: AskTexts<T>,
    pub(crate) reset_factors: AskTexts<T>,
    pub(crate) send_link: AskTexts<T>,
    pub(crate) sign_out: AskTexts<T>,
    pub(crate) unlock: AskTexts<T>,
    pub(crate) is_disabled: Note<T>,
}

/// Texts for a page that asks an administrator to confirm an action on a user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AskTexts<T = &'static str> {
    pub(crate) title: T,
    pub(crate) text: T,
    pub(crate) button: T,
}

/// Texts for the audit trail.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TrailTexts<T = &'static str> {
    pub(crate) find: T,
    pub(crate) kind: T,
    pub(crate) user: T,
    pub(crate) user_hint: T,
    pub(crate) unknown_user: T,
    pub(crate) when: T,
    pub(crate) what: T,
    pub(crate) by: T,
    pub(crate) on: T,
    pub(crate) from: T,
    pub(crate) nothing: T,
    /// Shown in place of a deleted user's address.
    pub(crate) deleted_user: T,
}

/// Texts for the email queue.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QueueTexts<T = &'static str> {
    pub(crate) find: T,
    pub(crate) letter: T,
    pub(crate) recipient: T,
    pub(crate) requested: T,
    pub(crate) state: T,
    pub(crate) dead: T,
    pub(crate) pending: T,
    /// `{at}` is a time.
    pub(crate) next_try: T,
    pub(crate) attempts: T,
    pub(crate) error: T,
    pub(crate) retry: T,
    /// `{letter}` is the name of an email template, `{recipient}` an address.
    pub(crate) retry_named: T,
    pub(crate) nothing: T,
}

/// Texts for the page about the service's state.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StateTexts<T = &'static str> {
    pub(crate) dangers: T,
    pub(crate) all_well: T,
    pub(crate) service: T,
    pub(crate) version: T,
    pub(crate) database: T,
    pub(crate) writable: T,
    pub(crate) not_writable: T,
    pub(crate) migration: T,
    /// `{at}` is a time.
    pub(crate) applied: T,
    pub(crate) no_migration: T,
    pub(crate) passwords: T,
    pub(crate) computing: T,
    pub(crate) waiting: T,
    pub(crate) refused: T,
    /// `{count}` of `{most}`.
    pub(crate) of: T,
    pub(crate) since_start: T,
    pub(crate) mails: T,
    pub(crate) oldest: T,
    pub(crate) keys: T,
    pub(crate) signs: T,
    pub(crate) verifies: T,
    /// `{at}` is a time.
    pub(crate) in_use_since: T,
    pub(crate) danger: DangerTexts<T>,
}

/// Names of the dangerous settings, by [`Danger::as_str`](crate::feature::admin::Danger::as_str).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DangerTexts<T = &'static str> {
    pub(crate) no_code_limit: T,
    pub(crate) no_lockout: T,
    pub(crate) no_rate_limit: T,
    pub(crate) plain_http: T,
    pub(crate) weak_hashing: T,
}

/// Messages that report a completed action.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DoneTexts<T = &'static str> {
    pub(crate) created: T,
    pub(crate) deleted: T,
    pub(crate) disabled: T,
    pub(crate) enabled: T,
    pub(crate) factors_reset: T,
    pub(crate) link_sent: T,
    pub(crate) retried: T,
    pub(crate) saved: T,
    pub(crate) signed_out: T,
    pub(crate) unlocked: T,
}

/// The names of the email templates, by [`LetterKind::as_str`](crate::mail::LetterKind::as_str).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LetterNames<T = &'static str> {
    pub(crate) account_exists: T,
    pub(crate) account_locked: T,
    pub(crate) account_secured: T,
    pub(crate) confirm_email_change: T,
    pub(crate) email_changed: T,
    pub(crate) email_change_requested: T,
    pub(crate) factor_added: T,
    pub(crate) factor_failures: T,
    pub(crate) factor_removed: T,
    pub(crate) factors_reset: T,
    pub(crate) identity_linked: T,
    pub(crate) new_sign_in: T,
    pub(crate) password_changed: T,
    pub(crate) recovery_codes_renewed: T,
    pub(crate) recovery_codes_used_up: T,
    pub(crate) refresh_token_reused: T,
    pub(crate) reset_password: T,
    pub(crate) verify_email: T,
}
