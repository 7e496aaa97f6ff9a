//! The query, the session and the ticket of a request to a page.

use std::str::FromStr as _;

use serde_json::{Map, Value};

use super::super::{
    chosen::Chosen,
    frame::{Frame, joined, way_up},
};
#[cfg(feature = "oauth")]
use crate::feature::oauth::http::app::AppSignIn;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    factor::FactorId,
    http::{Input, OwnOrigin, Presented, Request, next},
    percent,
    secret::{SessionCookie, Ticket},
    sign_in::http::TICKET,
    token::{ActiveUser, Credential},
};

/// A page's language, and the destination to which the visitor continues after the sign-in.
pub(super) struct Asked {
    pub(super) chosen: Chosen,
    next: Option<String>,
    /// The application that receives a code after the sign-in. If there is one, `next` is not used.
    #[cfg(feature = "oauth")]
    pub(super) app: Option<AppSignIn>,
    /// The query that forms and links carry over.
    kept: String,
    /// The relative path from the page to the mount point.
    root: &'static str,
    /// Whether the console is mounted.
    pub(super) has_console: bool,
    query: Map<String, Value>,
}

impl Asked {
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            root: self.root,
            #[cfg(feature = "oauth")]
            leads_to: self.app.as_ref().map(|app| app.source.as_str()),
            ..self.chosen.frame(&self.kept)
        }
    }

    /// The URL of another page, with the query and the language of this one.
    pub(super) fn to(&self, page: &str) -> String {
        self.frame().to(page)
    }

    /// Like `to`, but with further percent-encoded parameters in the query.
    pub(super) fn to_with(&self, page: &str, parameters: &str) -> String {
        let query = joined(&self.kept, parameters);
        let frame = Frame {
            query: &query,
            ..self.frame()
        };
        frame.to(page)
    }

    /// [`Asked`] for a page this many levels below the other pages. `/sign-in/{provider}` is one level below them.
    pub(super) fn below(mut self, levels: usize) -> Self {
        self.root = way_up(levels);
        self
    }

    /// The destination to which the visitor continues.
    pub(super) fn next<'a>(&'a self, otherwise: &'a str) -> &'a str {
        self.next.as_deref().unwrap_or(otherwise)
    }

    /// Whether the visitor continues to a page of this origin rather than to an application.
    pub(super) fn is_local(&self) -> bool {
        self.frame().leads_to.is_none()
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).and_then(Value::as_str)
    }
}

impl Input<super::Parts> for Asked {
    async fn take(parts: &super::Parts, request: &mut Request) -> Result<Self> {
        // A query that cannot be parsed is treated as empty.
        let query = request.query().unwrap_or_default();
        let next = query.get("next").and_then(Value::as_str);
        let next = next.filter(|next| next::is_local(next)).map(str::to_owned);
        let kept = next.as_ref().map_or_else(String::new, |next| {
            format!("next={}", percent::encoded(next))
        });
        #[cfg(feature = "oauth")]
        let app = AppSignIn::of_request(&parts.provider_sign_ins, request)?;
        #[cfg(feature = "oauth")]
        let kept = app.as_ref().map_or(kept, |app| app.query.clone());
        Ok(Self {
            chosen: Chosen::take(parts, request).await?,
            #[cfg(feature = "oauth")]
            app,
            next,
            kept,
            root: "",
            has_console: parts.has_console,
            query,
        })
    }
}

/// The user of the browser's session, if there is one.
pub(super) struct Visitor(pub(super) Option<ActiveUser>);

impl Input<super::Parts> for Visitor {
    async fn take(parts: &super::Parts, request: &mut Request) -> Result<Self> {
        let Ok(cookie @ Presented::Cookie(_)) = request.presented() else {
            return Ok(Self(None));
        };
        let credential = Credential::from(cookie);
        match parts.service.current_user(&credential).await {
            Ok(caller) => Ok(Self(Some(caller))),
            Err(error) if error.kind() == ErrorKind::InvalidAccessToken => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}

/// The sender of a form from this origin, and the user of the sender's session.
pub(super) struct Sender {
    pub(super) client: ClientInfo,
    pub(super) visitor: Option<ActiveUser>,
}

impl Input<super::Parts> for Sender {
    async fn take(parts: &super::Parts, request: &mut Request) -> Result<Self> {
        OwnOrigin::take(parts, request).await?;
        let Visitor(visitor) = Visitor::take(parts, request).await?;
        Ok(Self {
            client: ClientInfo::take(parts, request).await?,
            visitor,
        })
    }
}

/// The cookie of the browser's session, if it has a valid tag.
pub(super) struct SentSession(pub(super) Option<SessionCookie>);

impl<S: Sync> Input<S> for SentSession {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Ok(Self(match request.presented() {
            Ok(Presented::Cookie(cookie)) => Some(cookie.into()),
            _ => None,
        }))
    }
}

/// The ticket for a sign-in that needs another step, and the factor that it enrols.
pub(super) struct SentTicket(pub(super) Option<(Ticket, Option<FactorId>)>);

impl<S: Sync> Input<S> for SentTicket {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Ok(Self(request.cookie(TICKET).map(
            |value| match value.split_once('.') {
                Some((ticket, id)) => (ticket.into(), FactorId::from_str(id).ok()),
                None => (value.into(), None),
            },
        )))
    }
}
