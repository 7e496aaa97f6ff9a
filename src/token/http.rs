//! Credentials from requests, replies with token pairs and sessions, and the endpoint `GET /.well-known/jwks.json`.

use ::http::HeaderValue;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Credential, NewCookie, Session, SessionId, TokenPair, Tokens};
use crate::{
    error::{ErrorKind, Result},
    factor::RecoveryCode,
    http::{Cookies, Document, Endpoint, Input, Presented, Request, task, time},
};

pub(crate) fn endpoints(tokens: &Tokens) -> Vec<Endpoint> {
    vec![
        Endpoint::get("/.well-known/jwks.json", tokens.clone(), jwks)
            .tag(task::SERVICE)
            .for_anyone()
            .summary("Get the public keys of access tokens (RFC 7517)"),
    ]
}

async fn jwks(tokens: Tokens) -> Result<Document> {
    Document::json(&tokens.keys().jwks())
}

/// The presented credential, not verified yet: a bearer token (RFC 6750) or a browser session
/// cookie.
pub(crate) struct Shown(pub(crate) Credential);

impl<S: Sync> Input<S> for Shown {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        request.presented().map(|presented| Self(presented.into()))
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::InvalidAccessToken, ErrorKind::Unauthenticated]
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::openapi::Operation) {
        operation.bearer();
    }
}

impl From<Presented<'_>> for Credential {
    fn from(presented: Presented<'_>) -> Self {
        match presented {
            Presented::Bearer(token) => Self::AccessToken(token.into()),
            Presented::Cookie(cookie) => Self::Cookie(cookie.into()),
        }
    }
}

impl NewCookie {
    /// The value of `Set-Cookie`.
    pub(crate) fn header(&self, cookies: Cookies) -> Option<HeaderValue> {
        cookies.set_session(self.value.expose(), self.max_age)
    }
}

/// The tokens of a session.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = TokenPair))]
pub(crate) struct TokenPairView {
    /// A JWT for the `Authorization` header.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: u64,
    refresh_token: String,
    /// Seconds until the refresh token expires.
    refresh_expires_in: u64,
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    session_id: SessionId,
    /// The recovery codes, shown only once. Present only if this sign-in enrolled the user's first authenticator app.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recovery_codes: Vec<String>,
}

impl TokenPairView {
    pub(crate) fn with_recovery_codes(mut self, codes: &[RecoveryCode]) -> Self {
        let codes = codes.iter().map(|code| code.expose().to_owned());
        self.recovery_codes = codes.collect();
        self
    }
}

impl From<TokenPair> for TokenPairView {
    fn from(pair: TokenPair) -> Self {
        Self {
            access_token: pair.access_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: pair.expires_in.as_secs(),
            refresh_token: pair.refresh_token.expose().to_owned(),
            refresh_expires_in: pair.refresh_expires_in.as_secs(),
            session_id: pair.session_id,
            recovery_codes: Vec::new(),
        }
    }
}

/// A live session.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Session))]
pub(crate) struct SessionView {
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    id: SessionId,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    /// The time of the last refresh, or of the sign-in if the session has not been refreshed.
    #[serde(serialize_with = "time::serialize")]
    last_used_at: DateTime<Utc>,
    /// The time at which the session ends unless it is refreshed.
    #[serde(serialize_with = "time::serialize")]
    expires_at: DateTime<Utc>,
    /// The IP address of the client that opened the session.
    #[cfg_attr(feature = "openapi", schema(required))]
    ip: Option<String>,
    /// The `User-Agent` of the client that opened the session.
    #[cfg_attr(feature = "openapi", schema(required))]
    user_agent: Option<String>,
    /// Whether the call itself belongs to this session.
    current: bool,
}

impl SessionView {
    pub(crate) fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.rotated_at,
            expires_at: session.idle_expires_at.min(session.absolute_expires_at),
            ip: session.client.ip.map(|ip| ip.to_string()),
            user_agent: session.client.user_agent,
            current: session.id == current,
        }
    }
}
