//! A page's frame: its language, and the query that its links carry over.

use super::language::{Language, UI};
use crate::user::Locale;

/// The part of a request that concerns every page: the language, and the query that forms and links carry over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) language: Language,
    /// Whether the reader chose the language with `ui`. Forms and links then carry over the choice.
    pub(crate) ui_chosen: bool,
    /// The percent-encoded query that forms and links carry from page to page, such as `next=%2Fnotes`. It contains
    /// neither `?` nor `ui`.
    pub(crate) query: &'a str,
    /// The relative path from the page to the mount point: empty, or `../` for a page one level deeper.
    pub(crate) root: &'a str,
    /// The source to which the forms may redirect the browser, apart from this origin.
    pub(crate) leads_to: Option<&'a str>,
    /// The bar on a signed-in user's page.
    pub(crate) bar: Option<Bar<'a>>,
}

/// The bar at the top of a page: the signed-in user, and links to other pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar<'a> {
    pub(crate) email: &'a str,
    pub(crate) room: Room,
    pub(crate) current: Option<Tab>,
}

/// The group of pages that a navigation bar belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// A user's account, with a link to the console if the user may open it.
    Account {
        has_console: bool,
    },
    Console,
}

/// A page in the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Account,
    Activity,
    Console,
    Events,
    Mail,
    Status,
    Users,
}

impl Frame<'_> {
    /// The language for times and durations.
    pub(super) fn locale(&self) -> Locale {
        self.language.locale()
    }

    /// The query for a form's action, beginning with `?`, or empty. The form contains `ui` as a field.
    pub(super) fn of_action(&self) -> String {
        match self.query {
            "" => String::new(),
            query => format!("?{query}"),
        }
    }

    /// The query for a link, beginning with `?`, or empty.
    pub(super) fn of_link(&self) -> String {
        let ui = self.ui().map(|code| format!("{UI}={code}"));
        let parts = [Some(self.query.to_owned()), ui];
        let parts: Vec<String> = parts
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        match parts.as_slice() {
            [] => String::new(),
            _ => format!("?{}", parts.join("&")),
        }
    }

    /// Whether the page belongs to the console.
    pub(super) fn is_of_console(&self) -> bool {
        self.bar.is_some_and(|bar| bar.room == Room::Console)
    }

    /// The URL of another page, relative to this one, with the language of this page and without its query.
    pub(crate) fn away(&self, page: &str) -> String {
        self.away_with(page, "")
    }

    /// Like `away`, but with a percent-encoded query.
    pub(crate) fn away_with(&self, page: &str, query: &str) -> String {
        Frame { query, ..*self }.to(page)
    }

    /// The URL of another page, relative to this one, with the query and the language of this page.
    pub(crate) fn to(&self, page: &str) -> String {
        format!("{}{page}{}", self.root, self.of_link())
    }

    /// The value of `ui`, if the reader chose the language.
    pub(super) fn ui(&self) -> Option<&'static str> {
        self.ui_chosen.then(|| self.language.code())
    }
}

/// A percent-encoded query with more parameters.
pub(super) fn joined(query: &str, parameters: &str) -> String {
    match query {
        "" => parameters.to_owned(),
        query => format!("{query}&{parameters}"),
    }
}

/// The relative path that goes up this many levels.
pub(super) fn way_up(levels: usize) -> &'static str {
    match levels {
        0 => "",
        1 => "../",
        2 => "../../",
        _ => "../../../",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_query_and_a_chosen_language() {
        for (query, ui_chosen, action, link) in [
            ("", false, "", ""),
            ("", true, "", "?ui=de"),
            ("next=%2Fa", false, "?next=%2Fa", "?next=%2Fa"),
            ("next=%2Fa", true, "?next=%2Fa", "?next=%2Fa&ui=de"),
        ] {
            let frame = Frame {
                language: Language::German,
                ui_chosen,
                query,
                root: "../",
                leads_to: None,
                bar: None,
            };
            assert_eq!(frame.of_action(), action);
            assert_eq!(frame.of_link(), link);
            assert_eq!(frame.to("sign-in"), format!("../sign-in{link}"));
        }
    }
}
