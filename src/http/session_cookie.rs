//! The browser session cookie.

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, header::SET_COOKIE};

use super::{
    Output, Response,
    cookie::{Cookies, SESSION},
};

impl Cookies {
    /// The value of `Set-Cookie` for a browser session.
    pub(crate) fn set_session(self, value: &str, max_age: Option<Duration>) -> Option<HeaderValue> {
        self.set_until(SESSION, value, max_age)
    }

    /// The value of `Set-Cookie` that deletes a browser session cookie.
    pub(crate) fn end_session(self) -> Option<HeaderValue> {
        self.set_session("", Some(Duration::ZERO))
    }
}

/// Makes the browser discard its cached pages (Clear Site Data, section 3.1).
pub(crate) fn forget_cached_pages(headers: &mut HeaderMap) {
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
}

/// Adds a browser session cookie, if there is one to set.
pub(crate) struct WithSession<T> {
    pub(crate) reply: T,
    pub(crate) cookie: Option<HeaderValue>,
}

impl<T: Output> Output for WithSession<T> {
    fn render(self) -> Response {
        let mut response = self.reply.render();
        if let Some(cookie) = self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut super::openapi::Operation) {
        T::describe(operation);
    }
}
