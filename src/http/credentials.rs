//! How a caller identifies itself: by a bearer token or by a browser session cookie.

use std::{fmt, sync::Arc};

use ::http::{HeaderMap, Method};

use super::{
    bearer::bearer,
    cookie::{Cookies, SESSION},
    origin::Origin,
};
use crate::error::{ErrorKind, Result};

/// The credential that a caller presents. It is not verified yet, except that the cookie has a valid tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    Bearer(&'a str),
    Cookie(&'a str),
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(redacted)",
            Self::Cookie(_) => "Cookie(redacted)",
        })
    }
}

/// The rule that finds a caller's credential. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CredentialRule(Arc<Inner>);

struct Inner {
    cookies: Cookies,
    origin: Origin,
    is_authentic: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

impl CredentialRule {
    /// The rule for a service at this URL. `is_authentic` recognises the cookies that the service
    /// has issued, without a query.
    pub(crate) fn new(
        public_url: &str,
        is_authentic: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            cookies: Cookies::new(public_url),
            origin: Origin::of(public_url),
            is_authentic: Box::new(is_authentic),
        }))
    }

    pub(crate) fn cookies(&self) -> Cookies {
        self.0.cookies
    }

    /// Requires that no other site made the browser send this request; see [`Origin::ensure_own`].
    ///
    /// # Errors
    /// [`CrossSiteRequest`](ErrorKind::CrossSiteRequest).
    pub(crate) fn ensure_own(&self, headers: &HeaderMap) -> Result<()> {
        self.0.origin.ensure_own(headers)
    }

    /// Whether the request was initiated by a different site; see [`Origin::is_elsewhere`].
    pub(crate) fn is_elsewhere(&self, headers: &HeaderMap) -> bool {
        self.0.origin.is_elsewhere(headers)
    }

    /// The presented credential.
    ///
    /// # Errors
    /// * [`Unauthenticated`](ErrorKind::Unauthenticated) if it presents nothing;
    /// * [`AmbiguousCredentials`](ErrorKind::AmbiguousCredentials) if it presents both;
    /// * [`InvalidAccessToken`](ErrorKind::InvalidAccessToken) for a malformed token, a forged cookie, or two cookies
    ///   with the name of the session cookie;
    /// * [`CrossSiteRequest`](ErrorKind::CrossSiteRequest) if another site made the browser send
    ///   the cookie.
    pub(crate) fn find<'a>(
        &self,
        method: &Method,
        headers: &'a HeaderMap,
    ) -> Result<Presented<'a>> {
        let sent = self.0.cookies.sent(headers, SESSION);
        let cookie = sent.value.filter(|value| (self.0.is_authentic)(value));
        match (bearer(headers), cookie) {
            (Err(error), None) if error.kind() == ErrorKind::Unauthenticated && sent.is_there => {
                Err(ErrorKind::InvalidAccessToken.into())
            }
            (token, None) => token.map(Presented::Bearer),
            (Err(error), Some(cookie)) if error.kind() == ErrorKind::Unauthenticated => {
                self.0.origin.ensure_own_or_safe(method, headers)?;
                Ok(Presented::Cookie(cookie))
            }
            (_, Some(_)) => Err(ErrorKind::AmbiguousCredentials.into()),
        }
    }

    /// Whether the caller presents a cookie instead of a bearer token.
    pub(crate) fn is_by_cookie(&self, headers: &HeaderMap) -> bool {
        self.0.cookies.sent(headers, SESSION).is_there
            && bearer(headers).is_err_and(|error| error.kind() == ErrorKind::Unauthenticated)
    }
}

impl fmt::Debug for CredentialRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRule")
            .field("cookies", &self.0.cookies)
            .field("origin", &self.0.origin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ErrorKind::{AmbiguousCredentials, CrossSiteRequest, InvalidAccessToken, Unauthenticated};

    use super::*;

    fn find(method: &Method, pairs: &[(&str, &str)]) -> Result<String, ErrorKind> {
        let rule = CredentialRule::new("https://id.example.org", |cookie| cookie == "ours");
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: ::http::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        let found = rule.find(method, &headers);
        found
            .map(|found| match found {
                Presented::Bearer(text) => format!("bearer {text}"),
                Presented::Cookie(text) => format!("cookie {text}"),
            })
            .map_err(|error| error.kind())
    }

    #[test]
    fn caller_presents_a_bearer_token_or_a_cookie() {
        const OURS: (&str, &str) = ("cookie", "__Host-hallpass_session=ours");
        const FORGED: (&str, &str) = ("cookie", "__Host-hallpass_session=forged");
        const PLAIN: (&str, &str) = ("cookie", "hallpass_session=ours");
        const TWICE: (&str, &str) = (
            "cookie",
            "__Host-hallpass_session=ours; __Host-hallpass_session=ours",
        );
        const TOKEN: (&str, &str) = ("authorization", "Bearer a.b.c");
        const BASIC: (&str, &str) = ("authorization", "Basic eDp5");
        const BROKEN: (&str, &str) = ("authorization", "Bearer");
        let bearer = || Ok("bearer a.b.c".to_owned());
        let cookie = || Ok("cookie ours".to_owned());
        for (pairs, expected) in [
            (&[][..], Err(Unauthenticated)),
            (&[PLAIN], Err(Unauthenticated)),
            (&[BASIC], Err(Unauthenticated)),
            (&[FORGED], Err(InvalidAccessToken)),
            (&[TWICE], Err(InvalidAccessToken)),
            (&[OURS, FORGED], Err(InvalidAccessToken)),
            (&[OURS], cookie()),
            (&[OURS, PLAIN], cookie()),
            (&[OURS, BASIC], cookie()),
            (&[TOKEN], bearer()),
            (&[TOKEN, FORGED], bearer()),
            (&[TOKEN, TWICE], bearer()),
            (&[TOKEN, PLAIN], bearer()),
            (&[TOKEN, OURS], Err(AmbiguousCredentials)),
            (&[BROKEN, OURS], Err(AmbiguousCredentials)),
            (&[TOKEN, TOKEN, OURS], Err(AmbiguousCredentials)),
            (&[BROKEN], Err(InvalidAccessToken)),
        ] {
            assert_eq!(find(&Method::GET, pairs), expected, "{pairs:?}");
        }
        assert_eq!(find(&Method::POST, &[OURS]), Err(CrossSiteRequest));
        let own = ("sec-fetch-site", "same-origin");
        assert_eq!(find(&Method::POST, &[OURS, own]), cookie());
        assert_eq!(find(&Method::POST, &[TOKEN]), bearer());
        let upgrade = ("upgrade", "websocket");
        assert_eq!(find(&Method::GET, &[OURS, upgrade]), Err(CrossSiteRequest));
    }
}
