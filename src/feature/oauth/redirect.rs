//! Application redirect URIs.

#[cfg(feature = "pages")]
use serde_json::{Map, Value};
use url::Url;

use crate::{
    error::{Error, Result},
    http::is_source,
};

/// URL schemes that do not open an application: those that the browser handles itself, and the pages' own scheme.
const NOT_OF_APPS: &[&str] = &[
    "blob",
    "data",
    "file",
    "filesystem",
    "hallpass-pages",
    "javascript",
    "vbscript",
];

/// The parameters that are added to the query.
const OURS: &[&str] = &["code", "error", "state"];

/// The URLs that browsers may be sent to at the end of a flow.
#[derive(Clone, Debug)]
pub(super) struct Redirects(Vec<String>);

impl Redirects {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) naming a URL that is not absolute, or
    /// that has a fragment, one of the parameters in `OURS`, a scheme that does not open an
    /// application, or a host that a Content Security Policy cannot contain.
    pub(super) fn new(urls: Vec<String>) -> Result<Self> {
        for text in &urls {
            let refuse =
                |why: &str| Err(Error::configuration(format!("the redirect {text:?} {why}")));
            let Ok(url) = Url::parse(text) else {
                return refuse("is not an absolute URL");
            };
            if url.fragment().is_some() {
                return refuse("must have no fragment");
            }
            if url
                .query_pairs()
                .any(|(name, _)| OURS.contains(&name.as_ref()))
            {
                return refuse("must not have `code`, `error` or `state` in its query");
            }
            if NOT_OF_APPS.contains(&url.scheme()) {
                return refuse("is not a valid application URL");
            }
            if !is_source(&source(text)) {
                return refuse("has a host that a Content Security Policy cannot contain");
            }
        }
        Ok(Self(urls))
    }

    /// Whether the URL equals a configured URL, character by character (RFC 9700, section 2.1).
    pub(super) fn allow(&self, url: &str) -> bool {
        self.0.iter().any(|allowed| allowed == url)
    }
}

/// The beginning of the URL for a flow that ends on the pages. No application has such a URL.
#[cfg(feature = "pages")]
const PAGES: &str = "hallpass-pages:";

/// The URL for a flow that ends on the pages with this query, which may begin with `?`.
#[cfg(feature = "pages")]
pub(super) fn on_pages(query: &str) -> String {
    format!("{PAGES}{query}")
}

/// The parameters at the end of a flow, if the flow ends on the pages.
#[cfg(feature = "pages")]
pub(super) fn of_pages(location: &str) -> Option<Map<String, Value>> {
    if !location.starts_with(PAGES) {
        return None;
    }
    let url = Url::parse(location).ok()?;
    let pairs = url.query_pairs().into_owned();
    Some(pairs.map(|(name, value)| (name, value.into())).collect())
}

/// The source for a URL in a Content Security Policy: its origin or, for an app's URL, its scheme.
pub(super) fn source(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => String::new(),
    }
}

/// The URL at the end of a flow: the application's URL, with the application's state and the outcome.
pub(super) fn back(url: &str, app_state: Option<&str>, name: &str, value: &str) -> String {
    with_query(url, &[(name, Some(value)), ("state", app_state)])
}

/// The URL with these parameters added to its query. Text that cannot be parsed as a URL is returned unchanged.
fn with_query(url: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let Ok(mut target) = Url::parse(url) else {
        return url.to_owned();
    };
    let given = parameters
        .iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)));
    target.query_pairs_mut().extend_pairs(given);
    target.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_to_an_application() {
        for url in [
            "https://app.example.org/signed-in",
            "https://app.example.org/?a=b",
            "http://localhost:3000/callback",
            "org.example.app:/callback",
        ] {
            let redirects = Redirects::new(vec![url.to_owned()]).unwrap();
            assert!(redirects.allow(url));
            assert!(!redirects.allow(&format!("{url}x")));
            assert!(!redirects.allow(&url.to_uppercase()));
        }
        for url in [
            "",
            "/signed-in",
            "app.example.org",
            "https://app.example.org/#top",
            "https://app.example.org/?a=b&state=c",
            "https://app.example.org/?code",
            "javascript:alert(1)",
            "hallpass-pages:?next=/",
            "https://a;b.example.org/",
            "https://a,b.example.org/",
            "https://a'b.example.org/",
            "data:text/html,x",
        ] {
            assert!(Redirects::new(vec![url.to_owned()]).is_err(), "{url}");
        }
    }

    #[test]
    fn the_source_of_a_policy_is_an_origin_or_a_scheme() {
        for (url, expected) in [
            (
                "https://app.example.org/signed-in?a=b",
                "https://app.example.org",
            ),
            ("http://localhost:3000/callback", "http://localhost:3000"),
            (
                "https://b\u{fc}cher.example:443/",
                "https://xn--bcher-kva.example",
            ),
            ("org.example.app:/callback", "org.example.app:"),
        ] {
            assert_eq!(source(url), expected);
        }
    }

    #[test]
    fn parameters_are_added_to_those_there() {
        let added = with_query(
            "https://app.example.org/?a=b",
            &[("code", Some("x&y")), ("state", None)],
        );
        assert_eq!(added, "https://app.example.org/?a=b&code=x%26y");
        let added = with_query("org.example.app:/callback", &[("state", Some("ä b"))]);
        assert_eq!(added, "org.example.app:/callback?state=%C3%A4+b");
    }
}
