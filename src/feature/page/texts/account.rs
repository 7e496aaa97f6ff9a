//! Texts for a user's own account.

use serde::{Deserialize, Serialize};

use super::Note;

/// Texts for a user's own account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccountTexts<T = &'static str> {
    pub(crate) title: T,
    /// The label of the group of links at the top of the page.
    pub(crate) navigation: T,
    /// The link to the main part of the page, for keyboard users.
    pub(crate) skip: T,
    pub(crate) profile: T,
    pub(crate) save: T,
    pub(crate) security: T,
    pub(crate) confirmed: T,
    pub(crate) not_confirmed: T,
    /// `{email}` is an address, `{at}` a time.
    pub(crate) pending_email: T,
    pub(crate) change: T,
    pub(crate) set: T,
    pub(crate) not_set: T,
    pub(crate) set_up: T,
    pub(crate) manage: T,
    pub(crate) on: T,
    pub(crate) off: T,
    pub(crate) recovery_codes: T,
    /// The label of the link for new recovery codes.
    pub(crate) renew: T,
    /// `{count}` is the number of recovery codes.
    pub(crate) codes_left: T,
    /// `{at}` is a time.
    pub(crate) linked: T,
    pub(crate) not_linked: T,
    pub(crate) link: T,
    /// `{provider}` is a name.
    pub(crate) link_named: T,
    pub(crate) unlink: T,
    /// `{provider}` is a name.
    pub(crate) unlink_named: T,
    pub(crate) devices: T,
    /// `{browser}` and `{system}` are names.
    pub(crate) browser_on: T,
    pub(crate) unknown_device: T,
    pub(crate) this_device: T,
    pub(crate) active_now: T,
    /// `{at}` is a time.
    pub(crate) last_used: T,
    pub(crate) sign_out: T,
    /// `{device}` is a name such as `Firefox on Linux`.
    pub(crate) sign_out_named: T,
    /// `{count}` is a number.
    pub(crate) sign_out_others: T,
    pub(crate) remembered: T,
    pub(crate) remembered_text: T,
    pub(crate) forget: T,
    /// `{device}` is a name such as `Firefox on Linux`.
    pub(crate) forget_named: T,
    pub(crate) back: T,
    pub(crate) saved: SavedTexts<T>,
    pub(crate) change_email: T,
    pub(crate) change_email_text: T,
    pub(crate) new_email: T,
    pub(crate) current_password: T,
    pub(crate) send_link: T,
    pub(crate) change_password: T,
    pub(crate) change_password_text: T,
    pub(crate) set_password: T,
    pub(crate) two_step: T,
    pub(crate) two_step_text: T,
    pub(crate) two_step_required: T,
    pub(crate) app: T,
    /// `{at}` is a time.
    pub(crate) added: T,
    pub(crate) app_name: T,
    pub(crate) add_app: T,
    pub(crate) too_many_apps: T,
    pub(crate) remove: T,
    /// `{name}` is an app's name.
    pub(crate) remove_named: T,
    pub(crate) remove_title: T,
    pub(crate) remove_text: T,
    pub(crate) remove_last: T,
    pub(crate) keep: T,
    pub(crate) new_codes: T,
    pub(crate) new_codes_text: T,
    pub(crate) new_codes_button: T,
    pub(crate) factor_required: Note<T>,
    /// `{provider}` is a name.
    pub(crate) last_way_in: Note<T>,
    pub(crate) identity_taken: Note<T>,
    pub(crate) link_failed: Note<T>,
    pub(crate) your_data: T,
    pub(crate) export_text: T,
    pub(crate) export: T,
    pub(crate) delete: T,
    pub(crate) delete_warning: T,
    pub(crate) delete_open: T,
    pub(crate) delete_title: T,
    pub(crate) delete_text: T,
    pub(crate) delete_with_password: T,
    pub(crate) delete_button: T,
    pub(crate) last_admin: Note<T>,
    pub(crate) activity: T,
    pub(crate) activity_text: T,
    pub(crate) no_activity: T,
    pub(crate) when: T,
    pub(crate) what: T,
    pub(crate) from: T,
    /// Shown in place of an administrator's device.
    pub(crate) by_administrator: T,
    pub(crate) older: T,
    /// The title of the page for a user without a password who has to sign in again.
    pub(crate) sign_in_again: T,
    pub(crate) sign_in_again_text: T,
}

/// Messages that report a change.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedTexts<T = &'static str> {
    pub(crate) codes: T,
    pub(crate) profile: T,
    pub(crate) email: T,
    pub(crate) password: T,
    pub(crate) factor_added: T,
    pub(crate) factor_removed: T,
    pub(crate) session: T,
    pub(crate) sessions: T,
    pub(crate) device: T,
    pub(crate) linked: T,
    pub(crate) unlinked: T,
    pub(crate) deleted: T,
}
