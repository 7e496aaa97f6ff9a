//! The answers of pages.

use crate::http::{Html, Output, Response, SeeOther};

/// The answer of a page: its content, or a redirect to another page.
#[derive(Debug)]
pub(super) enum Answer {
    Page(Html),
    SeeOther(String),
}

impl Output for Answer {
    fn render(self) -> Response {
        match self {
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
