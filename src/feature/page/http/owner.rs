//! The common parts of the pages for a signed-in user: the user, the frame with a bar, and the page with one form.

use std::sync::Arc;

use super::{
    super::{
        FormView,
        answer::Reply,
        frame::{Bar, Frame, Room, Tab},
    },
    Parts,
    asked::Asked,
    place::Place,
};
use crate::{
    error::{Error, ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, Input, OwnOrigin, Request},
    percent,
    service::http::browser_caller,
    token::ActiveUser,
};

/// The maximum length of a query that is restored after the sign-in, in bytes.
const MAX_KEPT: usize = 1500;

/// Sends a visitor who is not signed in to the sign-in page, and a user who has to confirm a credential to the
/// confirmation page. Both then return to this page.
pub(super) fn for_owner(parts: &Parts, row: Endpoint) -> Endpoint {
    let (pages, base) = (Arc::clone(&parts.pages), Arc::clone(&parts.base));
    let path = row.path();
    row.for_people(move |visit, refused| {
        let place = Place::of(path, visit);
        match refused.kind {
            ErrorKind::InvalidAccessToken | ErrorKind::Unauthenticated => place.sign_in(&base),
            ErrorKind::ReauthenticationRequired | ErrorKind::StepUpRequired => place.confirm(),
            ErrorKind::FactorRequired => place.lead("account/mfa", ""),
            ErrorKind::NotFound | ErrorKind::UserNotFound => {
                pages.nothing_at(&place.frame(), &refused.problem)
            }
            _ => pages.page_of(&place.frame(), &visit.headers, &refused.problem),
        }
    })
}

/// The user of the browser's session.
pub(super) struct Owner(pub(super) ActiveUser);

impl Input<Parts> for Owner {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        browser_caller(&*parts.service, request).await.map(Self)
    }
}

/// A signed-in user who has sent a form from this origin.
pub(super) struct OwnSender {
    pub(super) owner: ActiveUser,
    pub(super) client: ClientInfo,
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
pub(super) struct Below<const LEVELS: usize>(pub(super) Asked);

impl<const LEVELS: usize> Input<Parts> for Below<LEVELS> {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        Ok(Self(Asked::take(parts, request).await?.below(LEVELS)))
    }
}

impl Asked {
    /// The frame of a page that shows who is signed in.
    pub(super) fn frame_of<'a>(&'a self, owner: &'a ActiveUser, current: Option<Tab>) -> Frame<'a> {
        let has_console = self.has_console && owner.user.is_administrator();
        self.frame_in(Room::Account { has_console }, owner, current)
    }

    /// The frame for a page in the given group of pages.
    pub(super) fn frame_in<'a>(
        &'a self,
        room: Room,
        owner: &'a ActiveUser,
        current: Option<Tab>,
    ) -> Frame<'a> {
        let bar = Bar {
            email: owner.user.email.as_str(),
            room,
            current,
        };
        Frame {
            bar: Some(bar),
            ..self.frame()
        }
    }
}

impl Parts {
    /// Sends a user whose session has ended to the sign-in page, and then back to this page with the typed values in
    /// the query. If the values together are too long, they are lost.
    pub(super) fn sign_in_first(&self, asked: &Asked, page: &str, typed: &[(&str, &str)]) -> Reply {
        let typed = typed.iter().filter(|(_, value)| !value.is_empty());
        let typed = typed.map(|(name, value)| format!("{name}={}", percent::encoded(value)));
        let typed = typed.collect::<Vec<_>>().join("&");
        let next = match typed.len() {
            1..=MAX_KEPT => format!("{}/{page}?{typed}", self.base),
            _ => format!("{}/{page}", self.base),
        };
        let query = format!("next={}", percent::encoded(&next));
        Reply::see_other(asked.frame().away_with("sign-in", &query))
    }

    /// The page with a form. If the form was refused, the page says why; an error that the page cannot explain is
    /// returned.
    pub(super) fn form_page(
        &self,
        frame: &Frame<'_>,
        view: FormView<'_>,
        refused: Option<Error>,
    ) -> Result<Reply> {
        let Some(error) = refused else {
            return self.pages.one_form(frame, view).map(Reply::page);
        };
        if !FormView::can_say(&error) {
            return Err(error);
        }
        let view = FormView {
            error: Some(&error),
            ..view
        };
        let page = self.pages.one_form(frame, view)?;
        Ok(Reply::refused(page, error))
    }
}
