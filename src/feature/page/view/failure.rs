//! The pages of failures.

use ::http::StatusCode;
use minijinja::context;

use super::super::{Pages, frame::Frame, layout::Head, texts::Note};
use crate::{
    error::Result,
    http::{Html, Output as _, Problem, Response},
};

impl Pages {
    /// The page shown for a path without a page. Its link leads to the mount point if the relative path to it is known,
    /// and otherwise to the root of the host, because the path can be of any depth.
    #[cfg_attr(
        not(any(feature = "axum", feature = "actix")),
        allow(dead_code, reason = "the frameworks have paths without a row")
    )]
    pub(crate) fn not_found(&self, frame: &Frame<'_>) -> Result<Html> {
        let common = &self.texts(frame.language).common;
        let start = match frame.root {
            "" => "/",
            root => root,
        };
        let page = self.note(
            frame,
            &common.not_found,
            Some((start, common.go_to_start.as_str())),
        )?;
        Ok(page.with_status(StatusCode::NOT_FOUND))
    }

    /// The page shown for a path whose parameter identifies nothing.
    pub(in super::super) fn nothing_at(&self, frame: &Frame<'_>, problem: &Response) -> Response {
        match self.not_found(frame) {
            Ok(page) => page.in_place_of(problem).render(),
            Err(error) => Problem::from(error).to_response(),
        }
    }

    /// The page shown for an internal error, with the request id.
    pub(crate) fn failed(&self, frame: &Frame<'_>, request_id: &str) -> Result<Html> {
        let failed = &self.texts(frame.language).common.failed;
        let text = failed.text.replace("{number}", request_id);
        let page = self.said(frame, &failed.title, &text, None)?;
        Ok(page.with_status(StatusCode::INTERNAL_SERVER_ERROR))
    }

    /// A page that only reports a failure.
    pub(in super::super) fn note(
        &self,
        frame: &Frame<'_>,
        note: &Note<String>,
        way_on: Option<(&str, &str)>,
    ) -> Result<Html> {
        self.said(frame, &note.title, &note.text, way_on)
    }

    fn said(
        &self,
        frame: &Frame<'_>,
        title: &str,
        text: &str,
        way_on: Option<(&str, &str)>,
    ) -> Result<Html> {
        let v = context! {
            text,
            way_on => way_on.map(|(url, label)| context! { url, label }),
        };
        let head = Head {
            frame,
            title,
            is_error: true,
            has_form: false,
            keep: None,
            is_wide: false,
        };
        self.layout.render("note.html", &head, v)
    }
}
