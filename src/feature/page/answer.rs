//! Page answers.

use ::http::{
    HeaderValue, StatusCode,
    header::{CONTENT_DISPOSITION, SET_COOKIE, X_CONTENT_TYPE_OPTIONS},
};
use serde::Serialize;

use crate::{
    error::Error,
    http::{Html, Output, Problem, Response, SeeOther, forget_cached_pages, json_reply},
};

/// A page's answer: its content, or a redirect to another page.
#[derive(Debug)]
pub(super) enum Answer {
    /// A file that the browser saves, with its `Content-Disposition`.
    File(HeaderValue, Response),
    Page(Html),
    SeeOther(String),
}

impl Output for Answer {
    fn render(self) -> Response {
        match self {
            Self::File(disposition, mut response) => {
                let headers = response.headers_mut();
                headers.insert(CONTENT_DISPOSITION, disposition);
                headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
                response
            }
            Self::Page(page) => page.render(),
            Self::SeeOther(location) => SeeOther {
                location,
                cookies: Vec::new(),
            }
            .render(),
        }
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::openapi::Operation) {
        Html::describe(operation);
    }
}

/// A page's answer, with the cookies that it sets.
#[derive(Debug)]
pub(super) struct Reply {
    answer: Answer,
    cookies: Vec<HeaderValue>,
    /// Whether the browser discards its cached pages.
    forgets: bool,
}

impl Reply {
    pub(super) fn page(page: Html) -> Self {
        Self::from(Answer::Page(page.with_own_referrer()))
    }

    /// The page for a refused form, with the error's status.
    pub(super) fn refused(page: Html, error: Error) -> Self {
        Self::page(page.in_place_of(&Problem::from(error).to_response()))
    }

    /// A JSON file that the browser saves, and that caches do not store.
    pub(super) fn file(disposition: HeaderValue, content: &impl Serialize) -> Self {
        let response = json_reply(StatusCode::OK, content);
        Self::from(Answer::File(disposition, response))
    }

    pub(super) fn see_other(location: impl Into<String>) -> Self {
        Self::from(Answer::SeeOther(location.into()))
    }

    pub(super) fn with_cookies(mut self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    pub(super) fn forgetting(mut self) -> Self {
        self.forgets = true;
        self
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            cookies: Vec::new(),
            forgets: false,
        }
    }
}

impl Output for Reply {
    fn render(self) -> Response {
        let mut response = self.answer.render();
        let headers = response.headers_mut();
        for cookie in self.cookies {
            headers.append(SET_COOKIE, cookie);
        }
        if self.forgets {
            forget_cached_pages(headers);
        }
        response
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::openapi::Operation) {
        Html::describe(operation);
    }
}
