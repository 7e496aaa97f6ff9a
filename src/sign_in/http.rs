//! The reply of every endpoint that signs in.

#[cfg(feature = "pages")]
mod pages;

use ::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;

#[cfg(feature = "pages")]
pub(crate) use self::pages::{NextStep, TICKET, no_ticket};
use super::{Challenge, SignIn};
use crate::{
    factor::RecoveryCode,
    http::{Cookies, Json, Output, Response, WithDevice, WithSession, json_reply, time},
    token::{BrowserSession, http::TokenPairView},
    user::http::UserView,
};

/// Either the tokens in the body and the cookie that identifies the device, or the challenge.
pub(crate) enum SignInReply {
    Complete(WithDevice<Json<TokenPairView>>),
    Browser(WithDevice<WithSession<Json<BrowserSessionView>>>),
    SecondFactor(SecondFactorView),
}

impl SignIn {
    pub(crate) fn into_reply(self, cookies: Cookies) -> SignInReply {
        match self {
            Self::Complete {
                tokens,
                device,
                recovery_codes,
            } => SignInReply::Complete(WithDevice {
                device,
                reply: Json(TokenPairView::from(tokens).with_recovery_codes(&recovery_codes)),
                cookies,
            }),
            Self::Browser {
                session,
                device,
                recovery_codes,
            } => SignInReply::Browser(WithDevice {
                device,
                reply: WithSession {
                    cookie: session.cookie.header(cookies),
                    reply: Json(BrowserSessionView::new(session, &recovery_codes)),
                },
                cookies,
            }),
            Self::SecondFactor(challenge) => SignInReply::SecondFactor((&challenge).into()),
        }
    }
}

impl Output for SignInReply {
    fn render(self) -> Response {
        match self {
            Self::Complete(reply) => reply.render(),
            Self::Browser(reply) => reply.render(),
            Self::SecondFactor(view) => json_reply(StatusCode::ACCEPTED, &view),
        }
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        WithDevice::<Json<TokenPairView>>::describe(operation);
        operation.json_reply::<SecondFactorView>(
            StatusCode::ACCEPTED,
            "The sign-in needs a second factor; see `POST /auth/second-factor`.",
        );
    }
}

/// The reply of the endpoints that sign in a browser.
pub(crate) struct BrowserSignInReply(pub(crate) SignInReply);

impl Output for BrowserSignInReply {
    fn render(self) -> Response {
        self.0.render()
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        Json::<BrowserSessionView>::describe(operation);
        operation.json_reply::<SecondFactorView>(
            StatusCode::ACCEPTED,
            "The sign-in needs a second factor; see `POST /auth/session/second-factor`.",
        );
    }
}

/// The session of a browser. Its cookie is in the headers.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BrowserSession))]
pub(crate) struct BrowserSessionView {
    user: UserView,
    /// When the session ends if it is not used again.
    #[serde(serialize_with = "time::serialize")]
    expires_at: DateTime<Utc>,
    /// The recovery codes, shown only once. Present only if this sign-in enrolled the user's first authenticator app.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recovery_codes: Vec<String>,
}

impl BrowserSessionView {
    fn new(session: BrowserSession, codes: &[RecoveryCode]) -> Self {
        let codes = codes.iter().map(|code| code.expose().to_owned());
        Self {
            user: session.user.into(),
            expires_at: session.expires_at,
            recovery_codes: codes.collect(),
        }
    }
}

/// A sign-in that needs another step.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondFactor))]
pub(crate) struct SecondFactorView {
    /// Identifies the sign-in in the next step. It grants no access.
    ticket: String,
    /// Seconds until the ticket expires.
    expires_in: u64,
    /// The second factors that the user can present: `totp`, `recovery_code`.
    methods: Vec<&'static str>,
    /// Whether the user has to enrol an authenticator app first.
    enrol: bool,
}

impl From<&Challenge> for SecondFactorView {
    fn from(challenge: &Challenge) -> Self {
        let methods = challenge.methods.iter().map(|method| method.as_str());
        Self {
            ticket: challenge.ticket.expose().to_owned(),
            expires_in: challenge.expires_in.as_secs(),
            methods: methods.collect(),
            enrol: challenge.enrol,
        }
    }
}
