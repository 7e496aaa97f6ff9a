//! `GET` and `DELETE /auth/session`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Own;
use crate::{
    error::{Error, ErrorKind, Result},
    event::ClientInfo,
    http::{
        Cookies, Input, Json, NoContent, Output, Presented, Request, Response, WithSession,
        forget_cached_pages, time,
    },
    secret::SessionCookie,
    service::http::browser_caller,
    token::ActiveUser,
    user::http::UserView,
};

pub(super) async fn show(
    _: Own,
    BrowserCaller(caller): BrowserCaller,
) -> Result<Json<SessionView>> {
    Ok(Json(SessionView {
        expires_at: caller.expires_at,
        acr: caller.methods.acr(),
        user: caller.user.into(),
    }))
}

pub(super) async fn end(
    own: Own,
    SentCookie(cookie): SentCookie,
    client: ClientInfo,
) -> Result<SignedOut> {
    if let Some(cookie) = cookie {
        own.feature.sign_out(&cookie, &client).await?;
    }
    Ok(SignedOut(own.cookies))
}

/// The caller of a browser session, confirmed by the database.
pub(super) struct BrowserCaller(ActiveUser);

impl Input<Own> for BrowserCaller {
    async fn take(own: &Own, request: &mut Request) -> Result<Self> {
        browser_caller(&*own.service, request).await.map(Self)
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::InvalidAccessToken, ErrorKind::Unauthenticated]
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        operation.cookie();
    }
}

/// This service's cookie, if the browser sent one.
pub(super) struct SentCookie(Option<SessionCookie>);

impl Input<Own> for SentCookie {
    async fn take(_: &Own, request: &mut Request) -> Result<Self> {
        match request.presented() {
            Ok(Presented::Cookie(cookie)) => Ok(Self(Some(cookie.into()))),
            Ok(Presented::Bearer(_)) => Ok(Self(None)),
            Err(error) if is_nothing(&error) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::AmbiguousCredentials, ErrorKind::CrossSiteRequest]
    }
}

/// Whether the error means that there is no cookie whose session could be ended.
fn is_nothing(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidAccessToken | ErrorKind::Unauthenticated
    )
}

/// A reply with status 204 that deletes the cookie and makes the browser discard its cached pages.
pub(super) struct SignedOut(Cookies);

impl Output for SignedOut {
    fn render(self) -> Response {
        let reply = WithSession {
            reply: NoContent,
            cookie: self.0.end_session(),
        };
        let mut response = reply.render();
        forget_cached_pages(response.headers_mut());
        response
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        NoContent::describe(operation);
    }
}

/// A browser's session.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CurrentBrowserSession))]
pub(super) struct SessionView {
    user: UserView,
    /// When the session ends if it is not used.
    #[serde(serialize_with = "time::serialize")]
    expires_at: DateTime<Utc>,
    /// `urn:hallpass:aal1` after one factor, `urn:hallpass:aal2` after two.
    acr: &'static str,
}
