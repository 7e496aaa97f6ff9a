//! `POST /auth/refresh`, `/auth/logout`, `/auth/logout-all`, and `/users/me/sessions`.

mod browser;

use std::sync::Arc;

use serde::Serialize;

use super::Sessions;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, FromMembers, Json, Members, NoContent, Path, task},
    secret::RefreshToken,
    service::{
        UserService,
        http::{Caller, Context},
    },
    token::{
        Session, SessionId,
        http::{SessionView, Shown, TokenPairView},
    },
};

type Service = Arc<dyn UserService>;
type Own = Context<Sessions>;

pub(crate) fn endpoints(service: &Service, own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/refresh", service.clone(), refresh)
            .tag(task::SIGN_IN)
            .summary("Exchange a refresh token for the next pair")
            .description(
                "Each refresh token is exchanged once. If it is presented again within the grace period, which is the \
                 request timeout plus 30 seconds by default, the answer contains the same successor. If it is \
                 presented later, the session ends.",
            )
            .errors(&[
                ErrorKind::InvalidRefreshToken,
                ErrorKind::RefreshTokenReused,
            ]),
        Endpoint::post("/auth/logout", service.clone(), logout)
            .tag(task::SIGN_IN)
            .summary("Log out")
            .description(
                "Ends the session of the refresh token. A repeated call is not an error, and neither is a token that \
                 this service did not issue.",
            ),
        Endpoint::post("/auth/logout-all", service.clone(), logout_all)
            .tag(task::SIGN_IN)
            .summary("Log out everywhere"),
        Endpoint::get("/users/me/sessions", own.clone(), list)
            .tag(task::ACCOUNT)
            .summary("List your sessions, newest first, at most 200"),
        Endpoint::delete("/users/me/sessions/{id}", own.clone(), end)
            .tag(task::ACCOUNT)
            .summary("End one of your sessions")
            .description("Its tokens stop working immediately. You can also end the session that makes this call.")
            .errors(&[ErrorKind::SessionNotFound]),
    ]
}

/// Reads and ends a browser's session.
pub(crate) fn browser_endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::get("/auth/session", own.clone(), browser::show)
            .tag(task::SIGN_IN)
            .summary("Read the session of a browser"),
        Endpoint::delete("/auth/session", own.clone(), browser::end)
            .tag(task::SIGN_IN)
            .summary("Sign out a browser")
            .description(
                "The session ends, and the cookie is deleted. A repeated call is not an error.",
            ),
    ]
}

async fn refresh(
    service: Service,
    client: ClientInfo,
    Json(body): Json<RefreshRequest>,
) -> Result<Json<TokenPairView>> {
    Ok(Json(
        service.refresh(&body.refresh_token, &client).await?.into(),
    ))
}

async fn logout(
    service: Service,
    client: ClientInfo,
    Json(body): Json<RefreshRequest>,
) -> Result<NoContent> {
    service.logout(&body.refresh_token, &client).await?;
    Ok(NoContent)
}

async fn logout_all(
    service: Service,
    client: ClientInfo,
    Shown(credential): Shown,
) -> Result<NoContent> {
    service.logout_all(&credential, &client).await?;
    Ok(NoContent)
}

async fn list(own: Own, Caller(caller): Caller) -> Result<Json<SessionList>> {
    let sessions = own.feature.list(&caller).await?;
    let view = |session: Session| SessionView::new(session, caller.session_id);
    Ok(Json(SessionList {
        items: sessions.into_iter().map(view).collect(),
    }))
}

async fn end(
    own: Own,
    Caller(caller): Caller,
    client: ClientInfo,
    Path(id): Path<String>,
) -> Result<NoContent> {
    // A malformed id is treated like an unknown one.
    let id: SessionId = id.parse().map_err(|_| ErrorKind::SessionNotFound)?;
    own.feature.end(&caller, id, &client).await?;
    Ok(NoContent)
}

/// An account's live sessions, at most 200.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct SessionList {
    items: Vec<SessionView>,
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct RefreshRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    refresh_token: RefreshToken,
}

impl FromMembers for RefreshRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        Some(Self {
            refresh_token: members.token("refresh_token")?.into(),
        })
    }
}
