//! The origin of a form, as browsers report it.

use ::http::{HeaderMap, header::ORIGIN};

/// The scheme, host and port of a URL, as browsers write them: in lower case, without the default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin(String);

impl Origin {
    pub(super) fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let host = authority.rsplit('@').next()?.to_ascii_lowercase();
        let scheme = scheme.to_ascii_lowercase();
        let usual = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(usual).unwrap_or(&host);
        Some(Self(format!("{scheme}://{host}")))
    }
}

/// Whether the browser reports that another site sent the form.
///
/// If `Sec-Fetch-Site` is present, it decides. Older browsers send only `Origin`. For a form on one
/// of these pages its value is `null`, because the pages have the referrer policy `no-referrer`.
/// Therefore, `null` is not evidence of another site.
pub(super) fn is_elsewhere(headers: &HeaderMap, own: Option<&Origin>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    headers.get_all(ORIGIN).iter().any(|origin| {
        let is_own = own.is_some_and(|own| own.0.as_bytes() == origin.as_bytes());
        origin != "null" && !is_own
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        for (url, origin) in [
            ("https://Id.Example.org", "https://id.example.org"),
            ("https://id.example.org:443/x?y", "https://id.example.org"),
            ("http://localhost:8000/", "http://localhost:8000"),
            ("http://[::1]:80/", "http://[::1]"),
        ] {
            assert_eq!(Origin::of(url), Some(Origin(origin.to_owned())), "{url}");
        }
    }

    #[test]
    fn a_form_of_another_site_is_recognised_by_browser_headers() {
        let own = Origin::of("https://id.example.org");
        for (elsewhere, pairs) in [
            (false, &[][..]),
            (
                false,
                &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            ),
            (false, &[("sec-fetch-site", "none")]),
            (false, &[("origin", "null")]),
            (false, &[("origin", "https://id.example.org")]),
            (
                true,
                &[("sec-fetch-site", "cross-site"), ("origin", "null")],
            ),
            (true, &[("sec-fetch-site", "same-site")]),
            (true, &[("origin", "https://evil.example")]),
            (true, &[("origin", "http://id.example.org")]),
            (true, &[("origin", "https://id.example.org.evil.example")]),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(is_elsewhere(&headers, own.as_ref()), elsewhere, "{pairs:?}");
        }
    }
}
