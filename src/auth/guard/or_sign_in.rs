//! The guard that sends visitors to the sign-in pages.

use std::fmt;

use ::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{VARY, WWW_AUTHENTICATE},
};

use crate::{
    error::ErrorKind,
    http::{Origin, Output as _, Problem, Response, SeeOther, next},
};

const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// Wraps another guard, for pages that people open in a browser. A visitor who does not pass is sent to a page to sign
/// in, or to confirm that they own the account, and returns afterwards.
///
/// | the request | the answer if the caller has to sign in, or has to present a factor again |
/// |---|---|
/// | opens a page: `GET` or `HEAD` with `Sec-Fetch-Mode: navigate`, or without that header and with `text/html` in `Accept` | 303 to `/sign-in?next=…` or `/second-factor?next=…` |
/// | is sent by htmx (`HX-Request`) | 401 or 403 with `HX-Redirect`, so that the browser leaves the page instead of swapping the answer into it |
/// | any other | the inner guard's answer |
///
/// The pages are expected below the public URL. A caller who lacks a role gets 403 as usual.
///
/// ```
/// # #[cfg(feature = "axum")]
/// # fn routes() -> axum::Router<hallpass::Auth> {
/// use axum::{Router, routing::get};
/// use hallpass::{ActiveUser, guard::OrSignIn};
///
/// Router::new().route("/notes", get(async |OrSignIn(caller): OrSignIn<ActiveUser>| {
///     format!("The notes of {}", caller.user.email)
/// }))
/// # }
/// ```
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct OrSignIn<T>(pub T);

/// The answer to a visitor who does not pass [`OrSignIn`].
#[derive(Clone)]
pub struct SignInFirst(pub(crate) Response);

impl fmt::Debug for SignInFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignInFirst")
            .field(&self.0.status())
            .finish()
    }
}

impl fmt::Display for SignInFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the visitor has to sign in first")
    }
}

/// The paths of the sign-in pages, below the public URL.
#[derive(Clone, Debug)]
pub(crate) struct SignInPages {
    base: String,
    origin: Origin,
}

impl SignInPages {
    pub(crate) fn new(public_url: &str) -> Self {
        Self {
            base: next::base_path(public_url),
            origin: Origin::of(public_url),
        }
    }

    /// The answer to a request that a guard has refused.
    pub(crate) fn answer(
        &self,
        (method, uri, headers): (&Method, &Uri, &HeaderMap),
        problem: &Problem,
    ) -> Response {
        let page = match problem.kind() {
            ErrorKind::Unauthenticated | ErrorKind::InvalidAccessToken => "sign-in",
            ErrorKind::StepUpRequired | ErrorKind::ReauthenticationRequired => "second-factor",
            _ => return problem.to_response(),
        };
        let lead = |place: Option<&str>| {
            let page = format!("{}/{page}", self.base);
            next::leading_back(&page, place)
        };
        if headers.contains_key("hx-request") {
            let mut response = problem.to_response();
            let place = self.place_of_htmx(method, uri, headers);
            let headers = response.headers_mut();
            // The browser would ask for a password in a window of its own.
            headers.remove(WWW_AUTHENTICATE);
            if let Ok(location) = HeaderValue::try_from(lead(place.as_deref())) {
                headers.insert(HX_REDIRECT, location);
            }
            return response;
        }
        if !next::is_navigation(method, headers) {
            return problem.to_response();
        }
        let mut response = SeeOther {
            location: lead(Some(next::place(uri))),
            cookies: Vec::new(),
        }
        .render();
        let vary = HeaderValue::from_static("Cookie");
        response.headers_mut().append(VARY, vary);
        response
    }

    /// The page that the visitor sees: the page that a boosted link opens, or the page that requests a fragment.
    fn place_of_htmx(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        if *method == Method::GET && headers.contains_key("hx-boosted") {
            return Some(next::place(uri).to_owned());
        }
        let current = headers.get("hx-current-url")?.to_str().ok()?;
        let place = current.parse::<Uri>().ok()?;
        let is_own = Origin::of(current) == self.origin;
        is_own.then(|| next::place(&place).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: ErrorKind, method: &Method, pairs: &[(&str, &str)]) -> (u16, String) {
        let pages = SignInPages::new("https://id.example.org/auth/");
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        let uri = Uri::from_static("/notes?a=b");
        let response = pages.answer((method, &uri, &headers), &Problem::from(kind));
        let lead = ["location", "hx-redirect"].map(|name| response.headers().get(name));
        let lead = lead.into_iter().flatten().next();
        let lead = lead.map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), lead.unwrap_or_default())
    }

    #[test]
    fn visitor_is_led_to_the_page_that_helps() {
        use ErrorKind::{
            CrossSiteRequest, Forbidden, InvalidAccessToken, ReauthenticationRequired,
            StepUpRequired, Unauthenticated,
        };
        const OPENS: (&str, &str) = ("sec-fetch-mode", "navigate");
        const HTMX: (&str, &str) = ("hx-request", "true");
        const BOOSTED: (&str, &str) = ("hx-boosted", "true");
        const ON: (&str, &str) = ("hx-current-url", "https://id.example.org/list?c=d");
        const ABROAD: (&str, &str) = ("hx-current-url", "https://evil.example/list");
        let back = "?next=%2Fnotes%3Fa%3Db";
        let sign_in = format!("/auth/sign-in{back}");
        let factor = format!("/auth/second-factor{back}");
        let on_list = "/auth/sign-in?next=%2Flist%3Fc%3Dd".to_owned();
        let bare = "/auth/sign-in".to_owned();
        let none = String::new;
        for (kind, method, pairs, expected) in [
            (
                Unauthenticated,
                Method::GET,
                &[OPENS][..],
                (303, sign_in.clone()),
            ),
            (
                Unauthenticated,
                Method::HEAD,
                &[OPENS],
                (303, sign_in.clone()),
            ),
            (
                InvalidAccessToken,
                Method::GET,
                &[("accept", "text/html")],
                (303, sign_in.clone()),
            ),
            (StepUpRequired, Method::GET, &[OPENS], (303, factor.clone())),
            (
                ReauthenticationRequired,
                Method::GET,
                &[OPENS],
                (303, factor),
            ),
            (Unauthenticated, Method::POST, &[OPENS], (401, none())),
            (
                Unauthenticated,
                Method::GET,
                &[("accept", "*/*")],
                (401, none()),
            ),
            (
                Unauthenticated,
                Method::GET,
                &[HTMX, ON],
                (401, on_list.clone()),
            ),
            (Unauthenticated, Method::POST, &[HTMX, ON], (401, on_list)),
            (
                Unauthenticated,
                Method::GET,
                &[HTMX, BOOSTED, ON],
                (401, sign_in),
            ),
            (
                Unauthenticated,
                Method::GET,
                &[HTMX, ABROAD],
                (401, bare.clone()),
            ),
            (Unauthenticated, Method::POST, &[HTMX], (401, bare)),
            (Forbidden, Method::GET, &[OPENS], (403, none())),
            (CrossSiteRequest, Method::GET, &[OPENS], (403, none())),
            (Forbidden, Method::GET, &[HTMX, ON], (403, none())),
        ] {
            assert_eq!(answer(kind, &method, pairs), expected, "{method} {pairs:?}");
        }
    }
}
