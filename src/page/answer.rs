use crate::http::{Html, Output, Response, SeeOther};

/// What a page answers: itself, or the way to another.
#[derive(Debug)]
pub(super) enum Answer {
    Page(Html),
    SeeOther(&'static str),
}

impl Output for Answer {
    fn render(self) -> Response {
        match self {
            Self::Page(page) => page.render(),
            Self::SeeOther(location) => SeeOther {
                location: location.to_owned(),
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
