//! The origin of this service and the rule against requests that other sites make a browser send.

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, header::ORIGIN};

use crate::error::{ErrorKind, Result};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The scheme, host and port of a URL, as browsers write them: in lower case, without the default
/// port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(Option<String>);

impl Origin {
    /// The origin of a URL. The origin of a string that is not a URL never equals another origin.
    pub(crate) fn of(url: &str) -> Self {
        Self(origin(url))
    }

    /// Requires that this request was initiated by a page of this origin or by the user (Fetch Metadata, section 2.3,
    /// and the Fetch standard, section 3.2).
    ///
    /// `Sec-Fetch-Site` decides if it is present. If it is absent, `Origin` must be this origin. A request
    /// with neither header is refused.
    ///
    /// # Errors
    /// [`CrossSiteRequest`](ErrorKind::CrossSiteRequest).
    pub(crate) fn ensure_own(&self, headers: &HeaderMap) -> Result<()> {
        let mut sites = headers.get_all(SITE).iter().peekable();
        let is_own = if sites.peek().is_some() {
            sites.all(is_own_site)
        } else {
            let mut origins = headers.get_all(ORIGIN).iter();
            let first = origins.next();
            first.is_some_and(|origin| self.is(origin)) && origins.next().is_none()
        };
        if is_own {
            Ok(())
        } else {
            Err(ErrorKind::CrossSiteRequest.into())
        }
    }

    /// Whether the browser reports that another site sent this form. The form is authorized by a secret that it
    /// contains.
    ///
    /// If `Sec-Fetch-Site` is present, it decides. Older browsers send only `Origin`. For a form on a
    /// page with the referrer policy `no-referrer`, its value is `null`, which is therefore not
    /// evidence of another site.
    pub(crate) fn is_elsewhere(&self, headers: &HeaderMap) -> bool {
        if let Some(site) = headers.get(SITE) {
            return !is_own_site(site);
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        origins.any(|origin| origin != "null" && !self.is(origin))
    }

    fn is(&self, origin: &HeaderValue) -> bool {
        let own = self.0.as_deref().map(str::as_bytes);
        own == Some(origin.as_bytes())
    }

    /// Like [`ensure_own`](Self::ensure_own), but accepts read-only requests. A request to upgrade to another
    /// protocol, such as WebSocket, does not count as read-only.
    ///
    /// # Errors
    /// [`CrossSiteRequest`](ErrorKind::CrossSiteRequest).
    pub(crate) fn ensure_own_or_safe(&self, method: &Method, headers: &HeaderMap) -> Result<()> {
        let is_safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if is_safe && !headers.contains_key(::http::header::UPGRADE) {
            return Ok(());
        }
        self.ensure_own(headers)
    }
}

fn is_own_site(site: &HeaderValue) -> bool {
    matches!(site.as_bytes(), b"same-origin" | b"none")
}

fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.to_ascii_lowercase();
    let scheme = scheme.to_ascii_lowercase();
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    Some(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        for (url, origin) in [
            ("https://Id.Example.org", "https://id.example.org"),
            ("https://id.example.org:443/x?y", "https://id.example.org"),
            ("http://localhost:8000/", "http://localhost:8000"),
            ("http://[::1]:80/", "http://[::1]"),
        ] {
            assert_eq!(Origin::of(url), Origin(Some(origin.to_owned())), "{url}");
        }
    }

    #[test]
    fn request_of_another_origin_is_recognised_by_browser_headers() {
        let own = Origin::of("https://id.example.org");
        const SITE: &str = "sec-fetch-site";
        for (passes, pairs) in [
            (true, &[(SITE, "same-origin")][..]),
            (true, &[(SITE, "none")]),
            (true, &[(SITE, "same-origin"), ("origin", "null")]),
            (
                true,
                &[(SITE, "same-origin"), ("origin", "https://evil.example")],
            ),
            (true, &[("origin", "https://id.example.org")]),
            (false, &[]),
            (false, &[(SITE, "cross-site")]),
            (
                false,
                &[(SITE, "cross-site"), ("origin", "https://id.example.org")],
            ),
            (false, &[(SITE, "same-site")]),
            (
                false,
                &[(SITE, "same-site"), ("origin", "https://id.example.org")],
            ),
            (false, &[(SITE, "same-origin"), (SITE, "cross-site")]),
            (false, &[(SITE, "Same-Origin")]),
            (false, &[(SITE, "")]),
            (false, &[("origin", "null")]),
            (false, &[("origin", "")]),
            (false, &[("origin", "http://id.example.org")]),
            (false, &[("origin", "https://id.example.org:8443")]),
            (false, &[("origin", "https://id.example.org.evil.example")]),
            (false, &[("origin", "https://app.example.org")]),
            (
                false,
                &[
                    ("origin", "https://id.example.org"),
                    ("origin", "https://evil.example"),
                ],
            ),
            (false, &[("referer", "https://id.example.org/x")]),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(own.ensure_own(&headers).is_ok(), passes, "{pairs:?}");
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                assert!(own.ensure_own_or_safe(&method, &headers).is_ok());
            }
            for method in [Method::POST, Method::DELETE, Method::CONNECT, Method::TRACE] {
                let passed = own.ensure_own_or_safe(&method, &headers).is_ok();
                assert_eq!(passed, passes, "{method} {pairs:?}");
            }
            headers.insert("upgrade", "websocket".parse().unwrap());
            let passed = own.ensure_own_or_safe(&Method::GET, &headers).is_ok();
            assert_eq!(passed, passes, "upgrade {pairs:?}");
        }
        assert!(Origin::of("no URL").ensure_own(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_form_of_another_site_is_recognised_by_browser_headers() {
        let own = Origin::of("https://id.example.org");
        for (elsewhere, pairs) in [
            (false, &[][..]),
            (
                false,
                &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            ),
            (false, &[("sec-fetch-site", "none")]),
            (false, &[("origin", "null")]),
            (false, &[("origin", "https://id.example.org")]),
            (
                true,
                &[("sec-fetch-site", "cross-site"), ("origin", "null")],
            ),
            (true, &[("sec-fetch-site", "same-site")]),
            (true, &[("origin", "https://evil.example")]),
            (true, &[("origin", "http://id.example.org")]),
            (true, &[("origin", "https://id.example.org.evil.example")]),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(own.is_elsewhere(&headers), elsewhere, "{pairs:?}");
        }
    }
}
