//! The return types of handlers: each renders itself, and describes its reply.

use std::time::Duration;

use ::http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
        RETRY_AFTER, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use bytes::Bytes;
use serde::Serialize;

#[cfg(feature = "openapi")]
use super::openapi::Operation;
use super::{
    Described, Json,
    problem::Problem,
    reply::{self, Response, UnknownLength},
};
use crate::error::Error;

/// The reply from a handler that succeeded.
pub trait Output: Sized {
    /// The reply.
    fn render(self) -> Response;

    /// Adds this output to the OpenAPI document.
    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation);
}

/// A reply with status 204.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a handler makes it")]
pub struct NoContent;

impl Output for NoContent {
    fn render(self) -> Response {
        reply::empty(StatusCode::NO_CONTENT)
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.empty_reply(StatusCode::NO_CONTENT, "Done.");
    }
}

/// A reply with status 202 and no body, the same for every outcome.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a handler makes it")]
pub struct Accepted;

impl Output for Accepted {
    fn render(self) -> Response {
        reply::empty(StatusCode::ACCEPTED)
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.empty_reply(StatusCode::ACCEPTED, "Accepted.");
    }
}

/// A reply with status 200 and a body that no cache may keep.
impl<T: Serialize + Described> Output for Json<T> {
    fn render(self) -> Response {
        json_reply(StatusCode::OK, &self.0)
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.json_reply::<T>(StatusCode::OK, "The answer.");
    }
}

/// A reply with status 201 and a body that no cache may keep.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "a handler makes it")]
pub struct Created<T> {
    /// The path of the created resource.
    pub location: String,
    /// The created resource.
    pub body: T,
}

impl<T: Serialize + Described> Output for Created<T> {
    fn render(self) -> Response {
        match HeaderValue::try_from(self.location) {
            Ok(location) => {
                let mut response = json_reply(StatusCode::CREATED, &self.body);
                response.headers_mut().insert(LOCATION, location);
                response
            }
            Err(error) => Problem::from(Error::internal(error)).to_response(),
        }
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.json_reply::<T>(StatusCode::CREATED, "Created.");
    }
}

/// A reply with status 303, which sends the browser to another URL. The browser sends no referrer to that URL, and
/// caches do not store the redirect.
#[derive(Clone, Debug)]
pub(crate) struct SeeOther {
    /// The URL.
    pub(crate) location: String,
    /// The cookies that the browser sets or deletes.
    pub(crate) cookies: Vec<HeaderValue>,
}

impl SeeOther {
    /// Adds cookies.
    pub(crate) fn with_cookies(mut self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        self.cookies.extend(cookies);
        self
    }
}

impl Output for SeeOther {
    fn render(self) -> Response {
        let Ok(location) = HeaderValue::try_from(self.location) else {
            return Problem::from(Error::internal("the target of a redirect is not a URL"))
                .to_response();
        };
        let mut response = reply::empty(StatusCode::SEE_OTHER);
        let headers = response.headers_mut();
        headers.insert(LOCATION, location);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        for cookie in self.cookies {
            headers.append(SET_COOKIE, cookie);
        }
        response
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.empty_reply(
            StatusCode::SEE_OTHER,
            "The browser is redirected to `Location`.",
        );
    }
}

/// The browser features that no page uses and the one feature that pages may use.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), \
                           publickey-credentials-get=(self)";

/// An HTML page for human readers. No cache may keep it, no other page may frame it, and the browser sends no referrer
/// from it.
#[derive(Clone, Debug)]
pub(crate) struct Html {
    status: StatusCode,
    referrer: HeaderValue,
    policy: HeaderValue,
    retry_after: Option<HeaderValue>,
    is_length_known: bool,
    body: String,
}

impl Html {
    /// A page with this `Content-Security-Policy`.
    pub(crate) fn new(policy: HeaderValue, body: String) -> Self {
        Self {
            status: StatusCode::OK,
            referrer: HeaderValue::from_static("no-referrer"),
            policy,
            retry_after: None,
            is_length_known: true,
            body,
        }
    }

    /// A page whose URL contains no secret. Without a referrer, older browsers send `Origin: null`
    /// with its forms, which the cross-origin rule refuses.
    pub(crate) fn with_own_referrer(self) -> Self {
        Self {
            referrer: HeaderValue::from_static("same-origin"),
            ..self
        }
    }

    /// The head of a page whose body was not rendered.
    pub(crate) fn head(policy: HeaderValue) -> Self {
        Self {
            is_length_known: false,
            ..Self::new(policy, String::new())
        }
    }

    /// Also lets the page's forms submit or redirect to this source. Chromium applies `form-action` to redirects as
    /// well.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the source cannot be used in a header.
    #[cfg(feature = "pages")]
    pub(crate) fn leading_to(mut self, source: &str) -> crate::error::Result<Self> {
        if !is_source(source) {
            return Err(Error::internal("the target of a form is not a source"));
        }
        let policy = self.policy.to_str().map_err(Error::internal)?;
        let target = format!("form-action 'self' {source}");
        self.policy = HeaderValue::try_from(policy.replace("form-action 'self'", &target))
            .map_err(Error::internal)?;
        Ok(self)
    }

    /// Sets the status.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Gives the page the status and the `Retry-After` of a problem.
    pub(crate) fn in_place_of(mut self, problem: &Response) -> Self {
        self.status = problem.status();
        self.retry_after = problem.headers().get(RETRY_AFTER).cloned();
        self
    }
}

impl Output for Html {
    fn render(self) -> Response {
        let mut response =
            reply::private(self.status, "text/html; charset=utf-8", self.body.into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy);
        headers.insert(REFERRER_POLICY, self.referrer);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert("permissions-policy", HeaderValue::from_static(PERMISSIONS));
        headers.insert(
            "cross-origin-opener-policy",
            HeaderValue::from_static("same-origin"),
        );
        headers.insert(VARY, HeaderValue::from_static("Cookie, Accept-Language"));
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, after);
        }
        if !self.is_length_known {
            response.extensions_mut().insert(UnknownLength);
        }
        response
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.empty_reply(StatusCode::OK, "The page.");
    }
}

/// A reply with status 200 and a public document that caches may keep.
#[derive(Clone, Debug)]
pub struct Document {
    content_type: HeaderValue,
    body: Bytes,
    max_age: Duration,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Document {
    /// A document that caches may keep for five minutes.
    #[must_use]
    pub fn new(content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        Self {
            content_type,
            body: body.into(),
            max_age: Duration::from_secs(300),
            headers: Vec::new(),
        }
    }

    /// A JSON document that caches may store for five minutes.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the value cannot be serialized as JSON.
    pub fn json(value: &impl Serialize) -> crate::error::Result<Self> {
        let body = serde_json::to_vec(value).map_err(Error::internal)?;
        Ok(Self::new(
            HeaderValue::from_static("application/json"),
            body,
        ))
    }

    /// Sets how long caches may keep the document, in whole seconds.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }
}

impl Output for Document {
    fn render(self) -> Response {
        let mut response = Response::new(self.body);
        let max_age = format!("public, max-age={}", self.max_age.as_secs());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.extend(self.headers);
        if let Ok(max_age) = HeaderValue::try_from(max_age) {
            headers.insert(CACHE_CONTROL, max_age);
        }
        response
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.empty_reply(StatusCode::OK, "The document.");
    }
}

/// A JSON reply that no cache may keep.
pub(crate) fn json_reply(status: StatusCode, value: &impl Serialize) -> Response {
    // Nearly every reply fits into this capacity, so that the vector need not grow.
    let mut body = Vec::with_capacity(512);
    match serde_json::to_writer(&mut body, value) {
        Ok(()) => reply::private(status, "application/json", body.into()),
        Err(error) => Problem::from(Error::internal(error)).to_response(),
    }
}

/// Whether a string can be a source in a Content Security Policy, such as an origin.
#[cfg(any(feature = "oauth", feature = "pages"))]
pub(crate) fn is_source(text: &str) -> bool {
    let is_sane = |byte: u8| byte.is_ascii_graphic() && !b";,'".contains(&byte);
    text.bytes().all(is_sane)
}
