//! The location of a page to which a visitor returns after signing in or confirming a credential.

use serde_json::Value;

use super::super::{
    chosen::Chosen,
    frame::{Frame, way_up},
    language::UI,
};
use crate::{
    http::{Output as _, Response, SeeOther, Visit, query},
    percent,
};

/// The maximum length of a search that is restored after the sign-in, in bytes.
const MAX_SEARCH: usize = 1000;

/// The location of a page.
pub(super) struct Place {
    chosen: Chosen,
    /// The path that the visitor returns to, relative to the mount point, such as `account/email`.
    path: String,
    /// The query of a console page, which is a search.
    search: String,
    /// The relative path from the page to the mount point.
    root: &'static str,
}

impl Place {
    /// The location for a request to this pattern.
    pub(super) fn of(pattern: &str, visit: &Visit) -> Self {
        let depth = pattern.matches('/').count().saturating_sub(1);
        let query = query::parse(visit.uri.query().unwrap_or_default()).unwrap_or_default();
        let ui = query.get(UI).and_then(Value::as_str);
        let chosen = Chosen::of(&visit.headers, ui);
        let path = last_segments(visit.uri.path(), depth + 1);
        let search = visit.uri.query().filter(|_| path.starts_with("console"));
        let search = search.filter(|search| search.len() <= MAX_SEARCH);
        let search = search.map(without_passing).unwrap_or_default();
        Self {
            chosen,
            search,
            path: back_to(path, query.get("to").and_then(Value::as_str)).to_owned(),
            root: way_up(depth),
        }
    }

    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            root: self.root,
            ..self.chosen.frame("")
        }
    }

    /// Sends the visitor to the sign-in page of the service at this path, and then back.
    pub(super) fn sign_in(&self, base: &str) -> Response {
        // A second click on the button that deletes an account must not lead the next user to it.
        let path = match self.path.as_str() {
            "account/delete" => "account",
            path => path,
        };
        let page = format!("{base}/{path}");
        let next = match self.search.as_str() {
            "" => self.chosen.frame("").to(&page),
            // It already has the language.
            search => format!("{page}?{search}"),
        };
        self.lead("sign-in", &format!("next={}", percent::encoded(&next)))
    }

    /// Sends the user to the page for confirming a credential, and then back.
    pub(super) fn confirm(&self) -> Response {
        let to = format!("to={}", percent::encoded(&self.path));
        self.lead("account/confirm", &to)
    }

    pub(super) fn lead(&self, page: &str, query: &str) -> Response {
        let frame = Frame {
            query,
            ..self.frame()
        };
        let location = frame.to(page);
        SeeOther {
            location,
            cookies: Vec::new(),
        }
        .render()
    }
}

/// The query without the parts that apply only once.
fn without_passing(query: &str) -> String {
    let parts = query.split('&');
    let parts = parts.filter(|part| !part.starts_with("cursor=") && !part.starts_with("done="));
    parts.collect::<Vec<_>>().join("&")
}

/// The page that a visitor returns to. A provider is linked only after another click.
fn back_to<'a>(path: &'a str, to: Option<&'a str>) -> &'a str {
    match path {
        "account/confirm" => destination(to),
        path if path.starts_with("account/link/") => "account",
        path => path,
    }
}

/// The requested page, if it belongs to the account or the console, and otherwise the account page.
pub(super) fn destination(to: Option<&str>) -> &str {
    to.filter(|to| is_of_signed_in(to)).unwrap_or("account")
}

fn is_of_signed_in(path: &str) -> bool {
    let is_sane = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    let mut segments = path.split('/');
    path.len() <= 200
        && matches!(segments.next(), Some("account" | "console"))
        // Only a click on a link on the account page starts linking a provider.
        && !path.starts_with("account/link")
        && segments.all(|segment| !segment.is_empty() && segment.bytes().all(is_sane))
}

/// The last segments of a path.
fn last_segments(path: &str, count: usize) -> &str {
    match path.rmatch_indices('/').nth(count.saturating_sub(1)) {
        Some((slash, _)) => path.get(slash + 1..).unwrap_or_default(),
        None => path.trim_start_matches('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_the_end_of_the_whole_path() {
        for (path, count, last) in [
            ("/account", 1, "account"),
            ("/auth/account/mfa/7/remove", 4, "account/mfa/7/remove"),
            ("account", 1, "account"),
            ("/a", 3, "a"),
        ] {
            assert_eq!(last_segments(path, count), last, "{path}");
        }
    }

    #[test]
    fn only_pages_of_a_signed_in_user_come_next() {
        for to in [
            "account",
            "account/email",
            "console",
            "console/users/0199c0de-0000-7000-8000-000000000000/reset-factors",
            "account/mfa/0199c0de-0000-7000-8000-000000000000/remove",
        ] {
            assert_eq!(destination(Some(to)), to);
        }
        for to in [
            "",
            "/account",
            "account/",
            "accounts",
            "account//evil.example",
            "account/../sign-out",
            "account/link/acme",
            "account/%2e%2e",
            "account?x",
            "//evil.example",
            "https://evil.example",
            "account/\u{e4}",
        ] {
            assert_eq!(destination(Some(to)), "account", "{to}");
        }
        assert_eq!(destination(None), "account");
    }
}
