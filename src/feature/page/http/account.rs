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
mod place;

use std::sync::Arc;

use self::place::Place;
use super::{
    super::{
        AccountFormView, CURRENT_PASSWORD, Saved,
        answer::Reply,
        form::{Field, Kind},
        frame::{Bar, Frame, Tab},
    },
    Parts,
    asked::Asked,
};
use crate::{
    error::{Error, ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, Input, OwnOrigin, Request},
    service::http::browser_caller,
    token::ActiveUser,
};

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

/// Leads a visitor who is not signed in to the sign-in, and a user who has to confirm a credential to the page for it.
/// Both come back to this page.
fn for_owner(parts: &Parts, row: Endpoint) -> Endpoint {
    let (pages, base) = (Arc::clone(&parts.pages), Arc::clone(&parts.base));
    let path = row.path();
    row.for_people(move |visit, refused| {
        let place = Place::of(path, visit);
        match refused.kind {
            ErrorKind::InvalidAccessToken | ErrorKind::Unauthenticated => place.sign_in(&base),
            ErrorKind::ReauthenticationRequired | ErrorKind::StepUpRequired => place.confirm(),
            ErrorKind::NotFound => pages.nothing_at(&place.frame(), &refused.problem),
            _ => pages.page_of(&place.frame(), &visit.headers, &refused.problem),
        }
    })
}

/// The user of the browser's session.
struct Owner(ActiveUser);

impl Input<Parts> for Owner {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        browser_caller(&*parts.service, request).await.map(Self)
    }
}

/// The sender of a form of this origin, who is signed in.
struct OwnSender {
    owner: ActiveUser,
    client: ClientInfo,
}

impl Input<Parts> for OwnSender {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        OwnOrigin::take(parts, request).await?;
        let Owner(owner) = Owner::take(parts, request).await?;
        Ok(Self {
            owner,
            client: ClientInfo::take(parts, request).await?,
        })
    }
}

/// [`Asked`] for a page this many levels below the mount point. `/account/email` is one level below it.
struct Below<const LEVELS: usize>(Asked);

impl<const LEVELS: usize> Input<Parts> for Below<LEVELS> {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        Ok(Self(Asked::take(parts, request).await?.below(LEVELS)))
    }
}

impl Asked {
    /// The frame of a page that shows who is signed in.
    fn frame_of<'a>(&'a self, owner: &'a ActiveUser, current: Option<Tab>) -> Frame<'a> {
        let bar = Bar {
            email: owner.user.email.as_str(),
            current,
        };
        Frame {
            bar: Some(bar),
            ..self.frame()
        }
    }

    /// The URL of `/account`, with a line that reports what was done.
    fn saved(&self, what: Saved) -> String {
        self.to_with("account", &format!("saved={}", what.as_str()))
    }
}

impl Parts {
    /// The page of a form. If the form was refused, the page says why, or the error is returned.
    fn form_page(
        &self,
        frame: &Frame<'_>,
        view: AccountFormView<'_>,
        refused: Option<Error>,
    ) -> Result<Reply> {
        let Some(error) = refused else {
            return self.pages.account_form(frame, view).map(Reply::page);
        };
        if !AccountFormView::can_say(&error) {
            return Err(error);
        }
        let view = AccountFormView {
            error: Some(&error),
            ..view
        };
        let page = self.pages.account_form(frame, view)?;
        Ok(Reply::refused(page, error))
    }

    /// Whether the user has a password to confirm a change with. If there is none, the sign-in must be recent.
    async fn has_password(&self, owner: &ActiveUser) -> Result<bool> {
        let has_password = self.accounts.overview(owner).await?.has_password;
        if !has_password {
            owner.require_recent_sign_in(self.links.core.clock.now())?;
        }
        Ok(has_password)
    }

    /// The same for a change that also needs a second factor if the user has one.
    async fn has_password_after_step_up(&self, owner: &ActiveUser) -> Result<bool> {
        owner.require_step_up_if_enrolled(self.links.core.clock.now())?;
        self.has_password(owner).await
    }

    /// The field for the password that the user has now; nothing for a user without a password.
    fn current_password(&self, frame: &Frame<'_>, has_password: bool) -> Vec<Field<'_>> {
        let label = &self.pages.texts(frame.language).account.current_password;
        match has_password {
            true => vec![Field::new(CURRENT_PASSWORD, Kind::Password, label)],
            false => Vec::new(),
        }
    }
}
