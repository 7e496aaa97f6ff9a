//! A request as the inputs see it.

use std::{collections::BTreeSet, fmt, net::IpAddr, str, vec::IntoIter};

use ::http::{
    HeaderMap, Method,
    header::{ACCEPT_LANGUAGE, USER_AGENT},
    request::Parts,
};
use serde_json::{Map, Value};

use super::{
    bearer::bearer,
    body::Body,
    cookie::DEVICE,
    credentials::{CredentialRule, Presented},
    query,
    request_id::RequestId,
};
use crate::error::{Error, Result};

/// The head, the path parameters and the bounded body of a request.
pub struct Request {
    head: Parts,
    params: IntoIter<String>,
    client_ip: Option<IpAddr>,
    id: RequestId,
    credentials: CredentialRule,
    body: Body,
}

impl Request {
    pub(crate) fn new(
        head: Parts,
        params: Vec<String>,
        client_ip: Option<IpAddr>,
        id: RequestId,
        credentials: CredentialRule,
        body: Body,
    ) -> Self {
        Self {
            head,
            params: params.into_iter(),
            client_ip,
            id,
            credentials,
            body,
        }
    }

    /// The client's address, if known; see [`ClientAddress`](super::ClientAddress).
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.client_ip
    }

    /// The reply's `X-Request-Id`.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// The `User-Agent` header, if it is valid UTF-8.
    pub fn user_agent(&self) -> Option<&str> {
        user_agent(&self.head.headers)
    }

    /// The `Accept-Language` headers as one list (RFC 9110 section 5.3); empty if there is none.
    pub fn accept_language(&self) -> String {
        self.head
            .headers
            .get_all(ACCEPT_LANGUAGE)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .collect::<Vec<_>>()
            .join(",")
    }

    /// The token of a device on which a user signed in before, exactly as the client sent it.
    pub(crate) fn device(&self) -> Option<&str> {
        self.cookie(DEVICE)
    }

    /// The cookie with this name, exactly as the client sent it; see [`Cookies::read`].
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.credentials.cookies().read(&self.head.headers, name)
    }

    /// The cookies whose names begin with this prefix; see [`Cookies::beginning`].
    #[cfg(feature = "oauth")]
    pub(crate) fn cookies_beginning(&self, with: &str) -> Vec<(&str, &str)> {
        self.credentials
            .cookies()
            .beginning(&self.head.headers, with)
    }

    /// Whether the request method is HEAD.
    pub fn is_head(&self) -> bool {
        self.head.method == Method::HEAD
    }

    /// The bearer token (RFC 6750, section 2.1), not verified yet.
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is none;
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken) if it is malformed.
    pub fn bearer(&self) -> Result<&str> {
        bearer(&self.head.headers)
    }

    /// The presented credential; see [`CredentialRule::find`].
    pub(crate) fn presented(&self) -> Result<Presented<'_>> {
        self.credentials.find(&self.head.method, &self.head.headers)
    }

    /// Whether the request was initiated by a different site.
    #[cfg(feature = "pages")]
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.credentials.is_elsewhere(&self.head.headers)
    }

    /// Requires that no other site made the browser send this request.
    pub(crate) fn ensure_own_origin(&self) -> Result<()> {
        self.credentials.ensure_own(&self.head.headers)
    }

    /// The next path parameter, percent-decoded. Each call returns exactly one parameter, from left to right.
    ///
    /// # Errors
    /// [`Internal`](crate::ErrorKind::Internal) if the path has no more parameters.
    pub fn next_param(&mut self) -> Result<String> {
        self.params
            .next()
            .ok_or_else(|| Error::internal("an endpoint reads more path parameters than it has"))
    }

    /// The query parameters.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed).
    pub fn query(&self) -> Result<Map<String, Value>> {
        query::parse(self.head.uri.query().unwrap_or_default())
    }

    /// The parameters with these names; see [`query::pick`].
    #[cfg(feature = "oauth")]
    pub(crate) fn pick_query(&self, names: &[&str]) -> Option<Map<String, Value>> {
        query::pick(self.head.uri.query().unwrap_or_default(), names)
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// [`UnsupportedMediaType`](crate::ErrorKind::UnsupportedMediaType), [`BodyTooLarge`](crate::ErrorKind::BodyTooLarge),
    /// [`MalformedBody`](crate::ErrorKind::MalformedBody), in this order.
    pub fn json_object(&self) -> Result<Map<String, Value>> {
        self.body.json_object(&self.head.headers)
    }

    /// The names of the members whose values contain an integer that does not fit into 64 bits.
    ///
    /// # Errors
    /// The errors of [`json_object`](Self::json_object).
    pub(crate) fn members_beyond_64_bits(&self) -> Result<BTreeSet<String>> {
        self.body.members_beyond_64_bits(&self.head.headers)
    }

    /// The body as form fields.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `BodyTooLarge`, `MalformedBody`, `ValidationFailed`, in this order.
    pub(crate) fn form(&self) -> Result<Map<String, Value>> {
        self.body.form(&self.head.headers)
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.head.method)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The `User-Agent` header, if it is UTF-8.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<&str> {
    str::from_utf8(headers.get(USER_AGENT)?.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn request(headers: &[(&str, &[u8])]) -> Request {
        let mut builder = ::http::Request::get("/");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let (head, ()) = builder.body(()).expect("the request is sound").into_parts();
        let id = RequestId::of(&head.headers);
        let rule = CredentialRule::new("https://example.org", |_| false);
        Request::new(head, Vec::new(), None, id, rule, Body::default())
    }

    #[test]
    fn a_bearer_token_is_taken_out_of_its_header() {
        for value in ["Bearer a.b-c_d~e+f/g==", "bearer   x", "BEARER x"] {
            let request = request(&[("authorization", value.as_bytes())]);
            assert!(request.bearer().is_ok(), "{value}");
        }
    }

    #[test]
    fn no_bearer_token_differs_from_a_bad_one() {
        use ErrorKind::{InvalidAccessToken, Unauthenticated};
        let cases: [(&[&[u8]], ErrorKind); 12] = [
            (&[], Unauthenticated),
            (&[b""], Unauthenticated),
            (&[b"Basic eDp5"], Unauthenticated),
            (&[b"Bearerx y"], Unauthenticated),
            (&[b"\xff\xff"], Unauthenticated),
            (&[b"Bearer"], InvalidAccessToken),
            (&[b"Bearer ="], InvalidAccessToken),
            (&[b"Bearer a b"], InvalidAccessToken),
            (&[b"Bearer a,b"], InvalidAccessToken),
            (&[b"Bearer \xff"], InvalidAccessToken),
            (&[b"Bearer a", b"Bearer a"], InvalidAccessToken),
            (&[b"Basic a", b"Bearer a"], InvalidAccessToken),
        ];
        for (values, kind) in cases {
            let headers: Vec<(&str, &[u8])> = values
                .iter()
                .map(|value| ("authorization", *value))
                .collect();
            let error = request(&headers).bearer().expect_err("no token is taken");
            assert_eq!(error.kind(), kind, "{values:?}");
        }
    }

    #[test]
    fn a_user_agent_may_be_utf8() {
        let request = request(&[("user-agent", "Zoë".as_bytes())]);
        assert_eq!(request.user_agent(), Some("Zoë"));
    }
}
