//! The path that a browser returns to after a sign-in.

use ::http::{HeaderMap, Method, Uri, header::ACCEPT};

use crate::percent;

/// The maximum length of a return path with its query, in bytes.
const LONGEST: usize = 2048;

/// Whether a browser may be sent to this URL, which must be a path of this origin, with its query.
///
/// Browsers read `//` and `/\` as the beginning of a host, and remove control characters.
pub(crate) fn is_local(place: &str) -> bool {
    let second = place.as_bytes().get(1);
    place.starts_with('/')
        && !matches!(second, Some(b'/' | b'\\'))
        && place.len() <= LONGEST
        && !place.chars().any(char::is_control)
}

/// The path, with `next` in its query if there is a path to return to.
pub(crate) fn leading_back(path: &str, next: Option<&str>) -> String {
    match next.filter(|next| is_local(next)) {
        Some(next) => format!("{path}?next={}", percent::encoded(next)),
        None => path.to_owned(),
    }
}

/// The path of a public URL, without a slash at the end.
pub(crate) fn base_path(public_url: &str) -> String {
    let path = public_url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map(|(_, path)| path.trim_end_matches('/'))
        .filter(|path| !path.is_empty());
    path.map_or_else(String::new, |path| format!("/{path}"))
}

/// Whether the request is the navigation to a page, rather than a fetch by a script.
pub(crate) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return false;
    }
    match headers.get("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => accepts_html(headers),
    }
}

/// Whether the client explicitly accepts HTML (RFC 9110, section 12.5.1).
pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            let media_type = range.split(';').next().unwrap_or_default();
            media_type.trim().eq_ignore_ascii_case("text/html")
        })
}

/// A request's path and query.
pub(crate) fn place(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |place| place.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_origin_is_a_place_to_return_to() {
        for place in [
            "/",
            "/notes",
            "/notes?a=b&c=/d",
            "/a//b",
            "/ä",
            "/.//x",
            "/?next=//x",
        ] {
            assert!(is_local(place), "{place}");
        }
        for place in [
            "",
            " /",
            "notes",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "?x",
            "#x",
            ".",
            "..",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\nSet-Cookie: x=y",
            "/x\0",
            "/x\u{7f}",
            "/x\u{85}",
            "\t//evil.example",
            "\u{2000}/x",
            "@evil.example",
            ":80",
        ] {
            assert!(!is_local(place), "{place:?}");
            assert_eq!(leading_back("/sign-in", Some(place)), "/sign-in");
        }
        assert!(!is_local(&format!("/{}", "x".repeat(LONGEST))));
        let back = leading_back("/sign-in", Some("/notes?a=b&c=ä\"<"));
        assert_eq!(back, "/sign-in?next=%2Fnotes%3Fa%3Db%26c%3D%C3%A4%22%3C");
    }

    #[test]
    fn navigation_is_recognised_by_the_headers_of_browsers() {
        for (expected, pairs) in [
            (true, &[("sec-fetch-mode", "navigate")][..]),
            (true, &[("accept", "text/html,application/xhtml+xml;q=0.9")]),
            (true, &[("accept", "*/*"), ("accept", "Text/HTML;q=0.1")]),
            (
                false,
                &[("sec-fetch-mode", "cors"), ("accept", "text/html")],
            ),
            (false, &[("accept", "*/*")]),
            (false, &[("accept", "application/json")]),
            (false, &[]),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            for method in [Method::GET, Method::HEAD] {
                assert_eq!(is_navigation(&method, &headers), expected, "{pairs:?}");
            }
            assert!(!is_navigation(&Method::POST, &headers));
        }
    }
}
