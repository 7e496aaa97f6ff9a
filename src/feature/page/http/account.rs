//! `/account` and the pages below it: a user's own account.

mod activity;
mod confirm;
mod delete;
mod email;
mod export;
mod factors;
mod forms;
#[cfg(feature = "oauth")]
mod link;
mod overview;
mod password;

use super::{
    super::{
        CURRENT_PASSWORD, Saved,
        form::{Field, Kind},
        frame::Frame,
    },
    Parts,
    asked::Asked,
    owner::{Below, OwnSender, Owner, for_owner},
};
use crate::{error::Result, http::Endpoint, token::ActiveUser};

pub(crate) fn endpoints(parts: &Parts) -> Vec<Endpoint> {
    let state = || parts.clone();
    let rows = [
        Endpoint::get("/account", state(), overview::show),
        Endpoint::post("/account", state(), overview::change),
        Endpoint::get("/account/activity", state(), activity::show),
        Endpoint::get("/account/confirm", state(), confirm::show),
        Endpoint::post("/account/confirm", state(), confirm::confirm),
        Endpoint::get("/account/delete", state(), delete::show),
        Endpoint::post("/account/delete", state(), delete::delete),
        Endpoint::get("/account/email", state(), email::show),
        Endpoint::post("/account/email", state(), email::request),
        Endpoint::get("/account/export", state(), export::show),
        Endpoint::post("/account/export", state(), export::export),
        #[cfg(feature = "oauth")]
        Endpoint::get("/account/link/{provider}", state(), link::begin),
        Endpoint::get("/account/mfa", state(), factors::show),
        Endpoint::post("/account/mfa", state(), factors::begin),
        Endpoint::get("/account/mfa/codes", state(), factors::ask_for_codes),
        Endpoint::post("/account/mfa/codes", state(), factors::renew_codes),
        Endpoint::get("/account/mfa/{id}", state(), factors::enrol),
        Endpoint::post("/account/mfa/{id}", state(), factors::confirm),
        Endpoint::get("/account/mfa/{id}/remove", state(), factors::ask_to_remove),
        Endpoint::post("/account/mfa/{id}/remove", state(), factors::remove),
        Endpoint::get("/account/password", state(), password::show),
        Endpoint::post("/account/password", state(), password::change),
    ];
    let rows = rows.into_iter();
    rows.map(|row| for_owner(parts, row)).collect()
}

impl Asked {
    /// The URL of `/account`, with a query that makes the page report this change.
    fn saved(&self, what: Saved) -> String {
        self.to_with("account", &format!("saved={}", what.as_str()))
    }
}

impl Parts {
    /// Whether the user has a password with which to confirm a change. Without a password, the sign-in must be recent.
    async fn has_password(&self, owner: &ActiveUser) -> Result<bool> {
        let has_password = self.accounts.overview(owner).await?.has_password;
        if !has_password {
            owner.require_recent_sign_in(self.links.core.clock.now())?;
        }
        Ok(has_password)
    }

    /// Like `has_password`, but for a change that also needs a second factor if the user has one.
    async fn has_password_after_step_up(&self, owner: &ActiveUser) -> Result<bool> {
        owner.require_step_up_if_enrolled(self.links.core.clock.now())?;
        self.has_password(owner).await
    }

    /// The field for the user's current password; nothing for a user without a password.
    fn current_password(&self, frame: &Frame<'_>, has_password: bool) -> Vec<Field<'_>> {
        let label = &self.pages.texts(frame.language).account.current_password;
        match has_password {
            true => vec![Field::new(CURRENT_PASSWORD, Kind::Password, label)],
            false => Vec::new(),
        }
    }
}
