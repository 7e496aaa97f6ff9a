//! The page language that a request selects.

use ::http::HeaderMap;
use serde_json::{Map, Value};

use super::{
    frame::Frame,
    language::{Language, UI},
};
use crate::{
    error::Result,
    http::{Input, Members, Request},
};

/// The language of a page, and whether the reader chose it with `ui`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) language: Language,
    pub(crate) by_ui: bool,
}

impl Chosen {
    /// The language that `ui` selects, or otherwise the browser's preferred language.
    pub(crate) fn of(headers: &HeaderMap, ui: Option<&str>) -> Self {
        match ui.and_then(Language::named) {
            Some(language) => Self {
                language,
                by_ui: true,
            },
            None => Self {
                language: Language::accepted(headers),
                by_ui: false,
            },
        }
    }

    /// The frame for a page with this query.
    pub(crate) fn frame(self, query: &str) -> Frame<'_> {
        Frame {
            language: self.language,
            ui_chosen: self.by_ui,
            query,
            root: "",
            leads_to: None,
            bar: None,
        }
    }
}

/// Reads `ui` from the query, or from the form.
impl<S: Sync> Input<S> for Chosen {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        let of = |pairs: Map<String, Value>| {
            let ui = pairs.get(UI)?.as_str()?.to_owned();
            Some(ui)
        };
        let ui = request.query().ok().and_then(of);
        let ui = ui.or_else(|| request.form().ok().and_then(of));
        Ok(Self::of(request.headers(), ui.as_deref()))
    }
}

/// Removes the field `ui`, which [`Chosen`] has read, from a form.
pub(super) fn skip_ui(members: &mut Members) {
    members.optional_token(UI);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_s_choice_comes_before_the_browser_s() {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", "de".parse().unwrap());
        for (ui, language, by_ui) in [
            (Some("fr"), Language::French, true),
            (Some("zh"), Language::Chinese, true),
            (Some("nl"), Language::German, false),
            (Some(""), Language::German, false),
            (None, Language::German, false),
        ] {
            let chosen = Chosen::of(&headers, ui);
            assert_eq!(chosen, Chosen { language, by_ui }, "{ui:?}");
        }
    }
}
