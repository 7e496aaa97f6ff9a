//! Failures as `application/problem+json` (RFC 9457), from the table of [error kinds](crate::error::kind).

mod shown;

use std::{borrow::Cow, error::Error as StdError, fmt, sync::OnceLock, time::Duration};

use ::http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};
use bytes::Bytes;
use serde::Serialize;

use self::shown::shown;
use super::{
    reply::{self, Response},
    request_id::RequestId,
};
use crate::error::{Error, ErrorKind, QuotaPolicy, Refusal, Violation, kind::error_kinds};

pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// The maximum number of violations in a reply, so that a small request does not cause a large reply.
pub(crate) const MAX_VIOLATIONS: usize = 16;
/// The maximum length of a pointer, in bytes. Names in the contract are far shorter, but a client may send a name that
/// fills the whole body.
const MAX_POINTER: usize = 128;
/// The maximum length of a string from the contract or the host, in bytes. These texts may contain input.
const MAX_DETAIL: usize = 512;
/// The maximum length of a refusal's text, in bytes.
const MAX_REFUSAL: usize = 4 * 1024;

/// The public representation of an error kind.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
}

macro_rules! codes {
    ($($(#[$docs:meta])* $kind:ident $text:literal => $status:ident $code:literal $title:literal $detail:literal;)*) => {
        impl Code {
            /// Every error kind, with its public representation.
            #[cfg(any(test, feature = "openapi"))]
            pub(crate) const ALL: &[(ErrorKind, Self)] = &[$((
                ErrorKind::$kind,
                Self { status: StatusCode::$status, code: $code, title: $title, detail: $detail },
            )),*];

            /// Every code once. `Configuration` is left out, because it has the same reply as an
            /// internal error.
            #[cfg(any(test, feature = "openapi"))]
            pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
                Self::ALL
                    .iter()
                    .filter(|(kind, _)| *kind != ErrorKind::Configuration)
                    .map(|(_, row)| row.code)
            }

            /// The public representation of a kind.
            pub(crate) const fn of(kind: ErrorKind) -> Self {
                match kind {
                    $(ErrorKind::$kind => Self {
                        status: StatusCode::$status,
                        code: $code,
                        title: $title,
                        detail: $detail,
                    },)*
                }
            }

            /// The cached body of a kind, if its body is always the same.
            fn kept(kind: ErrorKind) -> &'static OnceLock<Bytes> {
                match kind {
                    $(ErrorKind::$kind => {
                        static BODY: OnceLock<Bytes> = OnceLock::new();
                        &BODY
                    })*
                }
            }
        }

        /// A failure as the client sees it: `application/problem+json` (RFC 9457), never cached.
        ///
        /// The members are `type` (`urn:hallpass:<code>`), `title`, `status`, `detail` and `code`.
        /// If the input was not valid, there is also `errors`, a list of at most 16
        /// `{pointer, code, detail}`. A pointer (RFC 6901) is cut if it contains a name that is
        /// longer than any known name. Match on `code`: codes never change, but texts may. If the
        /// status is 500 or more, the error's source is logged once, when the reply is created. The
        /// source is never sent to the client. A [`Refusal`](crate::error::Refusal) by the host has
        /// its own `code` and `detail`.
        ///
        /// | code | status | meaning | from |
        /// |---|---|---|---|
        $(#[doc = concat!(
            "| `", $code, "` | ", stringify!($status), " | ", $detail, " | [`", stringify!($kind), "`](ErrorKind::", stringify!($kind), ") |"
        )])*
        #[derive(Debug)]
        pub struct Problem(Error, Option<RequestId>);
    };
}

error_kinds!(codes);

impl Problem {
    /// The answer to a request with these headers. It carries the request's `X-Request-Id`.
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn answering(headers: &HeaderMap, error: Error) -> Self {
        Self(error, Some(RequestId::of(headers)))
    }

    /// The error kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// The reply status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        Code::of(self.kind()).status
    }

    /// The reply. The call logs the source of a 5xx error.
    #[must_use]
    pub fn to_response(&self) -> Response {
        self.log();
        self.unlogged()
    }

    pub(crate) fn log(&self) {
        let Code { status, .. } = Code::of(self.kind());
        let error = Chain(&self.0);
        match self.kind() {
            // Shedding load is normal, and many refused logins must not flood the log.
            ErrorKind::Overloaded => tracing::debug!(%error, "the request was refused"),
            ErrorKind::Unavailable => tracing::warn!(%error, "the request failed"),
            _ if status.is_server_error() => tracing::error!(%error, "the request failed"),
            _ => {}
        }
    }

    /// The reply, without logging.
    pub(crate) fn unlogged(&self) -> Response {
        let Code { status, .. } = Code::of(self.kind());
        let mut response = reply::private(status, PROBLEM_JSON, self.body());
        response.extensions_mut().insert(self.kind());
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
            id.clone().stamp(response.headers_mut());
        }
        response
    }

    /// The code that clients match on.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0
            .refusal()
            .map_or(Code::of(self.kind()).code, Refusal::code)
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
                self.0
                    .violations()
                    .iter()
                    .take(MAX_VIOLATIONS)
                    .map(Rule::from)
                    .collect()
            }),
        };
        // Serializing strings and a number cannot fail. If it did, the reply would have no body.
        serde_json::to_vec(&body).unwrap_or_default().into()
    }
}

/// The error kind that a reply reports; `None` if the reply is not a problem.
pub(crate) fn problem_kind(response: &Response) -> Option<ErrorKind> {
    response.extensions().get::<ErrorKind>().copied()
}

/// The `WWW-Authenticate` challenge of a reply. If no token was sent, the challenge contains no
/// `error` (RFC 6750, section 3). The other kinds with status 401 do not concern a bearer token, so
/// they have no challenge.
fn challenge(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Unauthenticated => Some("Bearer"),
        ErrorKind::InvalidAccessToken => Some(r#"Bearer error="invalid_token""#),
        // The form of this challenge is from RFC 9470, section 3.
        ErrorKind::StepUpRequired => Some(
            r#"Bearer error="insufficient_user_authentication", acr_values="urn:hallpass:aal2", max_age=600"#,
        ),
        _ => None,
    }
}

/// The `RateLimit-Policy` and `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers-10). They state the limit and
/// the number of seconds until the client may call again.
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

/// The duration in seconds, rounded up, at least 1.
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

/// An error and all its sources, on one line.
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
