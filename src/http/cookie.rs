//! Cookies that only this host can have set, as far as browsers can tell.

use std::{str, time::Duration};

use ::http::{HeaderMap, HeaderValue, header::COOKIE};

/// The prefix makes browsers take a cookie from the host itself only, over TLS (RFC 6265bis, section 4.1.3.2).
const HOST_PREFIX: &str = "__Host-";
/// Longer than any of ours.
const MAX_LEN: usize = 256;

/// How cookies are handed to browsers: with a prefix and `Secure` where people reach the service over TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    is_https: bool,
}

impl Cookies {
    /// For a service reached at this URL.
    pub(crate) fn new(public_url: &str) -> Self {
        Self {
            is_https: public_url.starts_with("https://"),
        }
    }

    /// What the cookie is called by browsers.
    pub(crate) fn named(self, name: &str) -> String {
        let prefix = if self.is_https { HOST_PREFIX } else { "" };
        format!("{prefix}{name}")
    }

    /// The value of `Set-Cookie` for so many whole seconds, zero to delete it; `None` for what cannot be in a cookie.
    pub(crate) fn set(self, name: &str, value: &str, max_age: Duration) -> Option<HeaderValue> {
        let (name, max_age) = (self.named(name), max_age.as_secs());
        let attributes = "Path=/; HttpOnly; SameSite=Lax";
        let secure = if self.is_https { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Max-Age={max_age}; {attributes}{secure}");
        let mut value = HeaderValue::try_from(cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// The first cookie of exactly this name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).into_iter();
    let cookies = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    // What others have set may be anything.
    let texts = cookies.filter_map(|cookie| str::from_utf8(cookie).ok());
    let mut pairs = texts.filter_map(|cookie| cookie.trim().split_once('='));
    let ours = pairs.find(|(found, value)| *found == name && value.len() <= MAX_LEN);
    ours.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookies: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in cookies {
            headers.append(COOKIE, HeaderValue::from_static(value));
        }
        cookie(&headers, "ours").map(str::to_owned)
    }

    #[test]
    fn our_cookie_is_found_among_others() {
        let found = Some("x".to_owned());
        assert_eq!(read(&["ours=x"]), found);
        assert_eq!(read(&["a=b; ours=x; c"]), found);
        assert_eq!(read(&["a=b", "ours=x"]), found);
        assert_eq!(read(&["__Host-ours=x"]), None);
        assert_eq!(read(&["xours=x"]), None);
        assert_eq!(read(&["ours"]), None);
        assert_eq!(read(&[]), None);
        let mut headers = HeaderMap::new();
        let foreign = HeaderValue::from_bytes(b"other=caf\xe9; ours=x");
        headers.insert(COOKIE, foreign.expect("a header"));
        assert_eq!(cookie(&headers, "ours"), Some("x"));
    }

    #[test]
    fn over_tls_a_cookie_is_bound_to_the_host() {
        let set = |url| {
            Cookies::new(url)
                .set("c", "x", Duration::from_secs(600))
                .unwrap()
        };
        assert_eq!(
            set("https://id.example.org"),
            "__Host-c=x; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            set("http://localhost:8000"),
            "c=x; Max-Age=600; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(set("http://localhost:8000").is_sensitive());
    }
}
