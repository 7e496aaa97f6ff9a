//! The inputs for the provider endpoints.

use serde_json::Value;

use super::{Own, kept};
use crate::{
    error::{ErrorKind, Result},
    feature::oauth::{Answer, NewSignIn, begin::kept_as},
    http::{FromMembers, Input, Members, Request},
    identity::{CodeChallenge, FlowIntent},
    secret::TokenDigest,
};
#[cfg(feature = "pages")]
use crate::{http::Presented, token::Credential};

/// The maximum length of an application's `state`, in bytes.
const MAX_APP_STATE: usize = 1024;

/// The input of a new sign-in. It is checked in the documented order: the provider, `redirect_to`,
/// then everything else.
pub(super) struct SignInBegun {
    pub(super) provider: String,
    pub(super) new: NewSignIn,
    /// The names of the cookies to delete. They belong to older flows.
    pub(super) surplus: Vec<String>,
}

impl Input<Own> for SignInBegun {
    async fn take(own: &Own, request: &mut Request) -> Result<Self> {
        let feature = &own.feature;
        let provider = request.next_param()?;
        feature.providers.named(&provider)?;
        let query = request.query()?;
        match query.get("redirect_to") {
            Some(Value::String(url)) => feature.ensure_redirect(url)?,
            _ => return Err(ErrorKind::InvalidRedirect.into()),
        }
        let query: BeginSignInQuery = Members::of_query(query).read()?;
        Ok(Self {
            provider,
            new: query.into(),
            surplus: kept::surplus(request),
        })
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::ValidationFailed]
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::openapi::Operation) {
        operation.query::<BeginSignInQuery>();
    }
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct BeginSignInQuery {
    /// The URL to return to. It must equal one of the configured URLs, character by character.
    redirect_to: String,
    /// The SHA-256 of the application's verifier, in base64url without padding.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 43, max_length = 43))]
    code_challenge: CodeChallenge,
    /// Always `S256`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    #[expect(dead_code, reason = "there is one method")]
    code_challenge_method: (),
    /// The state that is returned to the application: at most 1024 bytes.
    #[cfg_attr(feature = "openapi", schema(max_length = 1024))]
    state: Option<String>,
    /// `sign_in`, which is the default, or `link`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    intent: Option<FlowIntent>,
}

impl From<BeginSignInQuery> for NewSignIn {
    fn from(query: BeginSignInQuery) -> Self {
        let mut new = Self::new(query.redirect_to, query.code_challenge);
        new.app_state = query.state;
        new.intent = query.intent.unwrap_or_default();
        new
    }
}

impl FromMembers for BeginSignInQuery {
    fn from_members(members: &mut Members) -> Option<Self> {
        let redirect_to = members.text("redirect_to");
        let code_challenge = members.parse(
            "code_challenge",
            "invalid_challenge",
            "An S256 challenge must be 43 base64url characters.",
        );
        let code_challenge_method = members.word("code_challenge_method", &[("S256", ())]);
        let state = members.optional_text("state");
        let is_long = |state: &String| state.len() > MAX_APP_STATE;
        if state
            .as_ref()
            .is_some_and(|state| state.as_ref().is_some_and(is_long))
        {
            members.refuse(
                "state",
                "too_long",
                format!("The value is longer than {MAX_APP_STATE} bytes."),
            );
        }
        let intent = members.optional_parse(
            "intent",
            "unknown_value",
            "The value must be `sign_in` or `link`.",
        );
        Some(Self {
            redirect_to: redirect_to?,
            code_challenge: code_challenge?,
            code_challenge_method: code_challenge_method?,
            state: state?,
            intent: intent?,
        })
    }
}

/// The parameters that are read strictly: those of RFC 6749, section 4.1.2, and of RFC 9207.
const READ: [&str; 4] = ["code", "error", "iss", "state"];

/// The parameters with which a provider sends the browser back. Providers may add others, in any
/// encoding.
pub(super) struct BroughtBack {
    pub(super) provider: String,
    pub(super) answer: Answer,
    /// The name of the cookie to delete.
    pub(super) cookie: String,
    /// The browser's session, if it has one.
    #[cfg(feature = "pages")]
    pub(super) session: Option<Credential>,
}

impl Input<Own> for BroughtBack {
    async fn take(own: &Own, request: &mut Request) -> Result<Self> {
        let provider = request.next_param()?;
        own.feature.providers.named(&provider)?;
        let mut query = request.pick_query(&READ).ok_or(ErrorKind::InvalidToken)?;
        let mut text = |name| match query.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let sent = text("state").ok_or(ErrorKind::InvalidToken)?;
        let name = kept::named(&kept_as(&TokenDigest::of(&sent)));
        let value = request.cookie(&name).ok_or(ErrorKind::InvalidToken)?;
        let mut answer = Answer::new(sent, kept::secret(value));
        answer.code = text("code");
        answer.error = text("error");
        answer.iss = text("iss");
        answer.languages = request.accept_language();
        Ok(Self {
            provider,
            answer,
            cookie: name,
            #[cfg(feature = "pages")]
            session: match request.presented() {
                Ok(cookie @ Presented::Cookie(_)) => Some(cookie.into()),
                _ => None,
            },
        })
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::openapi::Operation) {
        operation.query::<FinishSignInQuery>();
    }
}

/// The parameters as in RFC 6749, section 4.1.2, and RFC 9207.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "for the document")]
struct FinishSignInQuery {
    /// The `state` that was sent to the provider.
    state: String,
    /// Present if the user has signed in.
    code: Option<String>,
    /// Present if the user has not signed in.
    error: Option<String>,
    /// The issuer of the response (RFC 9207).
    iss: Option<String>,
}
