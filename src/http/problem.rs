//! Failures as `application/problem+json` (RFC 9457), and the only table from error kinds to statuses and codes.

mod shown;

use std::{borrow::Cow, error::Error as StdError, fmt, sync::OnceLock, time::Duration};

use ::http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use bytes::Bytes;
use serde::Serialize;

use self::shown::shown;
use super::{
    reply::{self, Response},
    request_id::RequestId,
};
use crate::error::{Error, ErrorKind, QuotaPolicy, Refusal, Violation};

pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// The violations of a reply: more would make a small request a large reply.
pub(crate) const MAX_VIOLATIONS: usize = 16;
/// The bytes of a pointer: names of the contract are far shorter, and others may be as long as a body.
const MAX_POINTER: usize = 128;
/// The bytes of a text of the contract or of the host, which may hold what it was asked with.
const MAX_DETAIL: usize = 512;
/// The bytes of the text of a refusal.
const MAX_REFUSAL: usize = 4 * 1024;

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
}

macro_rules! codes {
    ($($first:ident $(| $more:ident)* => $status:ident $code:literal $title:literal $detail:literal)*) => {
        impl Code {
            /// Every row, and every kind that leads to it.
            #[cfg(any(test, feature = "openapi"))]
            pub(crate) const ALL: &[(&[ErrorKind], Self)] = &[$((
                &[ErrorKind::$first $(, ErrorKind::$more)*],
                Self { status: StatusCode::$status, code: $code, title: $title, detail: $detail },
            )),*];

            /// What a kind looks like outside.
            pub(crate) const fn of(kind: ErrorKind) -> Self {
                match kind {
                    $(ErrorKind::$first $(| ErrorKind::$more)* => Self {
                        status: StatusCode::$status,
                        code: $code,
                        title: $title,
                        detail: $detail,
                    },)*
                }
            }

            /// Where the body of a kind is kept that is always the same.
            fn kept(kind: ErrorKind) -> &'static OnceLock<Bytes> {
                match kind {
                    $(ErrorKind::$first $(| ErrorKind::$more)* => {
                        static BODY: OnceLock<Bytes> = OnceLock::new();
                        &BODY
                    })*
                }
            }
        }

        /// A failure as it is told to the client: `application/problem+json` (RFC 9457), never cached.
        ///
        /// The members are `type` (`urn:hallpass:<code>`), `title`, `status`, `detail` and `code`; where input was of
        /// the wrong shape also `errors`, a list of 16 `{pointer, code, detail}` at most, with RFC 6901 pointers that are
        /// cut where a name is longer than any of ours. Match on `code`: it never changes; texts do. The source of an
        /// error is logged once, when the reply is made, if the status is 500 or more; it never leaves the process. A
        /// [`Refusal`](crate::Refusal) of the host has a `code` and a `detail` of its own.
        ///
        /// | code | status | meaning | from |
        /// |---|---|---|---|
        $(#[doc = concat!(
            "| `", $code, "` | ", stringify!($status), " | ", $detail, " | [`", stringify!($first), "`](ErrorKind::", stringify!($first), ")",
            $(", [`", stringify!($more), "`](ErrorKind::", stringify!($more), ")",)*
            " |"
        )])*
        #[derive(Debug)]
        pub struct Problem(Error, Option<RequestId>);
    };
}

codes! {
    AccountDisabled => FORBIDDEN "account_disabled" "Account disabled"
        "The account is disabled."
    BodyTooLarge => PAYLOAD_TOO_LARGE "body_too_large" "Body too large"
        "The request body is larger than 16 KiB."
    EmailNotVerified => FORBIDDEN "email_not_verified" "Address not verified"
        "The address must be verified before signing in; a link to do so can be sent again."
    EmailTaken => CONFLICT "email_taken" "Address taken"
        "The address already has an account."
    Forbidden => FORBIDDEN "forbidden" "Forbidden"
        "The caller lacks the role or the permission that this call needs."
    IdentityTaken => CONFLICT "identity_taken" "Identity taken"
        "Who signed in at the provider is another user here."
    Internal | Configuration => INTERNAL_SERVER_ERROR "internal" "Internal error"
        "Something went wrong on our side."
    InvalidAccessToken => UNAUTHORIZED "invalid_access_token" "Invalid access token"
        "The access token is malformed, expired or forged, or its session is over."
    InvalidCredentials => UNAUTHORIZED "invalid_credentials" "Invalid credentials"
        "The address or the password is wrong."
    InvalidRedirect => BAD_REQUEST "invalid_redirect" "Invalid redirect"
        "`redirect_to` is not one of the URLs that are configured."
    InvalidRefreshToken => UNAUTHORIZED "invalid_refresh_token" "Invalid refresh token"
        "The refresh token is not valid, or its session is over."
    InvalidToken => BAD_REQUEST "invalid_token" "Invalid token"
        "The token is unknown, used or expired."
    LastAdmin => CONFLICT "last_admin" "Last administrator"
        "No active administrator would be left."
    LastCredential => CONFLICT "last_credential" "Last credential"
        "The account would have no way in: set a password, or link another provider, first."
    LinkRequired => CONFLICT "link_required" "Link required"
        "The word of the provider does not suffice here: sign in otherwise, and link the provider then."
    MalformedBody => BAD_REQUEST "malformed_body" "Malformed body"
        "The request body is not one JSON object, or names a member twice."
    MethodNotAllowed => METHOD_NOT_ALLOWED "method_not_allowed" "Method not allowed"
        "The path exists and does not answer this method; `Allow` lists those it answers."
    NotFound => NOT_FOUND "not_found" "Not found"
        "Nothing is found at this path."
    Overloaded => SERVICE_UNAVAILABLE "overloaded" "Overloaded"
        "Too many calls are waiting; retry after `Retry-After` seconds."
    ProviderFailed => BAD_GATEWAY "provider_failed" "Provider failed"
        "The provider does not answer, or not as it should."
    ProviderUnknown => NOT_FOUND "provider_unknown" "Provider unknown"
        "There is no provider of this name."
    RateLimited => TOO_MANY_REQUESTS "rate_limited" "Rate limited"
        "There were too many calls; retry after `Retry-After` seconds. `RateLimit` and `RateLimit-Policy` name the limit."
    ReauthenticationRequired => FORBIDDEN "reauthentication_required" "Reauthentication required"
        "The call needs a sign-in within the last 10 minutes: sign in anew, or reauthenticate."
    RefreshTokenReused => UNAUTHORIZED "refresh_token_reused" "Refresh token reused"
        "The refresh token was used before, so its session has been ended."
    Refused => UNPROCESSABLE_ENTITY "refused" "Refused"
        "The application refuses, with a code and a text of its own."
    RegistrationClosed => FORBIDDEN "registration_closed" "Registration closed"
        "Registration is closed."
    SessionNotFound => NOT_FOUND "session_not_found" "Session not found"
        "The caller has no live session with this id."
    TooManyAttempts => TOO_MANY_REQUESTS "too_many_attempts" "Too many attempts"
        "Too many passwords in a row were wrong, so that none is checked for now; retry after `Retry-After` seconds."
    Unauthenticated => UNAUTHORIZED "unauthenticated" "Unauthenticated"
        "This call needs a bearer token, and none was sent."
    Unavailable => SERVICE_UNAVAILABLE "unavailable" "Unavailable"
        "A part this service depends on does not answer; retry after `Retry-After` seconds."
    UnsupportedMediaType => UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "Unsupported media type"
        "The request body must be `application/json`."
    UserNotFound => NOT_FOUND "user_not_found" "User not found"
        "There is no user with this identifier."
    ValidationFailed => UNPROCESSABLE_ENTITY "validation_failed" "Validation failed"
        "The input does not have the right shape; `errors` lists what is wrong."
    WeakPassword => UNPROCESSABLE_ENTITY "weak_password" "Weak password"
        "The password does not meet the policy; `errors` lists the rules."
}

impl Problem {
    /// The answer to a request with these headers: it carries the request's `X-Request-Id`.
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn answering(headers: &HeaderMap, error: Error) -> Self {
        Self(error, Some(RequestId::of(headers)))
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// The status of the reply.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        Code::of(self.kind()).status
    }

    /// The reply. Logs the source of a 5xx.
    #[must_use]
    pub fn to_response(&self) -> Response {
        self.log();
        self.unlogged()
    }

    fn log(&self) {
        let Code { status, .. } = Code::of(self.kind());
        let error = Chain(&self.0);
        match self.kind() {
            // Shedding is what is meant to happen under load, and a storm of logins must not be one of lines.
            ErrorKind::Overloaded => tracing::debug!(%error, "the request was turned away"),
            ErrorKind::Unavailable => tracing::warn!(%error, "the request failed"),
            _ if status.is_server_error() => tracing::error!(%error, "the request failed"),
            _ => {}
        }
    }

    /// The reply to what is the fault of its client, whatever the status.
    pub(crate) fn unlogged(&self) -> Response {
        let Code { status, .. } = Code::of(self.kind());
        let mut response = reply::private(status, PROBLEM_JSON, self.body());
        let headers = response.headers_mut();
        if let Some(challenge) = challenge(self.kind()) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let retries = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        if retries.contains(&status) {
            let after = whole_seconds(self.0.retry_after().unwrap_or_default());
            headers.insert(RETRY_AFTER, HeaderValue::from(after));
            if let Some(policy) = self.0.policy() {
                name_limit(headers, policy, after);
            }
        }
        if let Some(id) = &self.1 {
            id.clone().stamp(&mut response);
        }
        response
    }

    /// The word that clients match on.
    #[must_use]
    pub fn code(&self) -> &str {
        let refusal = self.0.refusal();
        refusal.map_or(Code::of(self.kind()).code, Refusal::code)
    }

    fn body(&self) -> Bytes {
        match self.kind() {
            ErrorKind::Refused | ErrorKind::ValidationFailed | ErrorKind::WeakPassword => {
                self.write_body()
            }
            kind => Code::kept(kind).get_or_init(|| self.write_body()).clone(),
        }
    }

    fn write_body(&self) -> Bytes {
        let row = Code::of(self.kind());
        let refusal = self.0.refusal();
        let code = self.code();
        let lists_violations = matches!(
            self.kind(),
            ErrorKind::ValidationFailed | ErrorKind::WeakPassword
        );
        let body = Body {
            r#type: format!("urn:hallpass:{code}"),
            title: row.title,
            status: row.status.as_u16(),
            detail: refusal.map_or(row.detail.into(), |refusal| {
                shown(refusal.detail(), MAX_REFUSAL)
            }),
            code,
            errors: lists_violations.then(|| {
                let violations = self.0.violations().iter().take(MAX_VIOLATIONS);
                violations.map(Rule::from).collect()
            }),
        };
        // Strings and a number always have a JSON form; if not, the status alone tells the client what it needs.
        serde_json::to_vec(&body).unwrap_or_default().into()
    }
}

/// Whether a reply is a problem.
pub(crate) fn is_problem(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value == PROBLEM_JSON)
}

/// RFC 6750, section 3: no `error` when no token was sent. Other kinds of 401 are not about a bearer token.
fn challenge(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthenticated => Some("Bearer"),
        ErrorKind::InvalidAccessToken => Some(r#"Bearer error="invalid_token""#),
        _ => None,
    }
}

/// The `RateLimit-Policy` and `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers-10): the limit, and that nothing
/// is left of it for so many seconds.
fn name_limit(headers: &mut HeaderMap, policy: &QuotaPolicy, after: u64) {
    let QuotaPolicy {
        name,
        quota,
        window,
    } = policy;
    let window = whole_seconds(*window);
    let fields = [
        (
            "ratelimit-policy",
            format!("\"{name}\";q={quota};w={window}"),
        ),
        ("ratelimit", format!("\"{name}\";r=0;t={after}")),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(field, value);
        }
    }
}

/// Rounded up, at least 1.
fn whole_seconds(duration: Duration) -> u64 {
    let started = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(started).max(1)
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: Cow<'a, str>,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<Rule<'a>>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    pointer: Cow<'a, str>,
    code: &'static str,
    detail: Cow<'a, str>,
}

impl<'a> From<&'a Violation> for Rule<'a> {
    fn from(violation: &'a Violation) -> Self {
        Self {
            pointer: shown(&violation.pointer, MAX_POINTER),
            code: violation.code,
            detail: shown(&violation.detail, MAX_DETAIL),
        }
    }
}

/// An error and all its sources, in one line.
struct Chain<'a>(&'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut error = self.0;
        while let Some(source) = error.source() {
            write!(f, ": {source}")?;
            error = source;
        }
        Ok(())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error, None)
    }
}

impl From<ErrorKind> for Problem {
    fn from(kind: ErrorKind) -> Self {
        Self(kind.into(), None)
    }
}

impl StdError for Problem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
