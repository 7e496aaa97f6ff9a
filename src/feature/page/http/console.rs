//! `/console` and the pages below it, for administrators.

mod action;
mod create;
mod edit;
mod events;
mod forms;
mod mail;
mod overview;
mod status;
mod user;
mod users;

use super::{
    super::{
        Done,
        answer::Reply,
        frame::{Frame, Room, Tab},
    },
    Parts,
    asked::Asked,
    owner::{Below, for_owner},
};
use crate::{
    error::{Error, ErrorKind, Result},
    event::{Author, ClientInfo},
    http::{Endpoint, Input, OwnOrigin, Request},
    service::http::browser_credential,
    token::ActiveUser,
    user::Role,
};

pub(crate) const CONSOLE: &str = "/console";

pub(crate) fn endpoints(parts: &Parts) -> Vec<Endpoint> {
    let state = || parts.clone();
    let rows = [
        Endpoint::get(CONSOLE, state(), overview::show),
        Endpoint::get("/console/events", state(), events::show),
        Endpoint::get("/console/mail", state(), mail::show),
        Endpoint::post("/console/mail", state(), mail::retry),
        Endpoint::get("/console/status", state(), status::show),
        Endpoint::get("/console/users", state(), users::show),
        Endpoint::get("/console/users/new", state(), create::show),
        Endpoint::post("/console/users/new", state(), create::create),
        Endpoint::get("/console/users/{id}", state(), user::show),
        Endpoint::get("/console/users/{id}/edit", state(), edit::show),
        Endpoint::post("/console/users/{id}/edit", state(), edit::save),
        Endpoint::get("/console/users/{id}/{action}", state(), action::ask),
        Endpoint::post("/console/users/{id}/{action}", state(), action::act),
    ];
    let rows = rows.into_iter();
    rows.map(|row| for_owner(parts, row)).collect()
}

/// An administrator who has presented their second factor, if they have one. For other users, the page does not exist.
struct Admin(ActiveUser);

impl Input<Parts> for Admin {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        let credential = browser_credential(request)?;
        let caller = parts.service.require_role(&credential, &Role::ADMIN).await;
        let caller = caller.map_err(|error| match error.kind() {
            ErrorKind::Forbidden => Error::from(ErrorKind::NotFound),
            _ => error,
        })?;
        parts.administration.require_second_factor(&caller)?;
        Ok(Self(caller))
    }
}

/// An administrator who has sent a form from this origin.
struct AdminSender {
    admin: ActiveUser,
    author: Author,
}

impl Input<Parts> for AdminSender {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        OwnOrigin::take(parts, request).await?;
        let Admin(admin) = Admin::take(parts, request).await?;
        let author = Author {
            actor_id: Some(admin.user.id),
            client: ClientInfo::take(parts, request).await?,
        };
        Ok(Self { admin, author })
    }
}

/// The sender of a form whose typed values must not be lost; `None` if the session has ended.
struct FormSender(Option<AdminSender>);

impl Input<Parts> for FormSender {
    async fn take(parts: &Parts, request: &mut Request) -> Result<Self> {
        match AdminSender::take(parts, request).await {
            Ok(sender) => Ok(Self(Some(sender))),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::InvalidAccessToken | ErrorKind::Unauthenticated
                ) =>
            {
                Ok(Self(None))
            }
            Err(error) => Err(error),
        }
    }
}

impl Asked {
    /// The frame for a console page.
    fn frame_for<'a>(&'a self, admin: &'a ActiveUser, current: Option<Tab>) -> Frame<'a> {
        self.frame_in(Room::Console, admin, current)
    }

    /// The completed action that the page reports.
    fn done(&self) -> Option<Done> {
        self.parameter("done").and_then(Done::named)
    }

    /// Redirects to the first page of a list whose cursor belongs to another search, or returns the error.
    fn first_page(
        &self,
        page: &str,
        search: &str,
        cursor: Option<&str>,
        error: Error,
    ) -> Result<Reply> {
        match error.kind() {
            ErrorKind::ValidationFailed if cursor.is_some() => {
                Ok(Reply::see_other(self.frame().away_with(page, search)))
            }
            _ => Err(error),
        }
    }

    /// Redirects to a console page that reports a completed action.
    fn after(&self, page: &str, done: Done) -> Reply {
        Reply::see_other(self.to_with(page, &format!("done={}", done.as_str())))
    }
}
