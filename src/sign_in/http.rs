//! The reply of every endpoint that signs in.

use ::http::StatusCode;
use serde::Serialize;

use super::{Challenge, SignIn};
use crate::{
    http::{Cookies, Json, Output, Response, WithDevice, json_reply},
    token::http::TokenPairView,
};

/// Either the tokens in the body and the cookie that identifies the device, or the challenge.
pub(crate) enum SignInReply {
    Complete(WithDevice<Json<TokenPairView>>),
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
            Self::SecondFactor(challenge) => SignInReply::SecondFactor((&challenge).into()),
        }
    }
}

impl Output for SignInReply {
    fn render(self) -> Response {
        match self {
            Self::Complete(reply) => reply.render(),
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
