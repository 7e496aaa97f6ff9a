//! Cookies that only this host can set, as far as browsers guarantee this.

use std::{str, time::Duration};

use ::http::{HeaderMap, HeaderValue, header::COOKIE};

/// The cookie that identifies a device.
pub(super) const DEVICE: &str = "hallpass_device";

/// The browser session cookie.
pub(super) const SESSION: &str = "hallpass_session";

/// The prefix makes browsers accept the cookie only from the host itself, over TLS (RFC 6265bis, section 4.1.3.2).
const HOST_PREFIX: &str = "__Host-";
/// The maximum length of a value that is read. All cookies of this service are shorter.
const MAX_LEN: usize = 256;

/// The form of cookies. They have a prefix and the attribute `Secure` if clients reach the service
/// over TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    is_https: bool,
}

impl Cookies {
    /// The cookies for a service at this URL.
    pub(crate) fn new(public_url: &str) -> Self {
        Self {
            is_https: public_url.starts_with("https://"),
        }
    }

    /// The cookie's name in browsers.
    pub(crate) fn named(self, name: &str) -> String {
        let prefix = if self.is_https { HOST_PREFIX } else { "" };
        format!("{prefix}{name}")
    }

    /// The cookie with this name. `None` if the name occurs twice, because one of the two cookies may be from another
    /// host, and their order does not show which. Over TLS only the prefixed name counts, because any host in the
    /// domain can set a cookie without the prefix.
    pub(crate) fn read<'a>(self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        self.sent(headers, name).value
    }

    /// Like [`read`](Self::read), but also returns whether there is any cookie with this name.
    pub(super) fn sent<'a>(self, headers: &'a HeaderMap, name: &str) -> Sent<'a> {
        let name = self.named(name);
        let mut ours = headers
            .get_all(COOKIE)
            .into_iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| value_of(pair, name.as_bytes()));
        let (first, second) = (ours.next(), ours.next());
        Sent {
            is_there: first.is_some(),
            value: first
                .filter(|value| second.is_none() && value.len() <= MAX_LEN)
                .and_then(|value| str::from_utf8(value).ok()),
        }
    }

    /// The cookies whose names begin with this prefix, in request order. Each item contains the name without the
    /// prefix, and the value.
    #[cfg(feature = "oauth")]
    pub(crate) fn beginning<'a>(
        self,
        headers: &'a HeaderMap,
        with: &str,
    ) -> Vec<(&'a str, &'a str)> {
        let name = self.named(with);
        headers
            .get_all(COOKIE)
            .into_iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| trimmed(pair).strip_prefix(name.as_bytes()))
            .filter_map(|rest| str::from_utf8(rest).ok()?.split_once('='))
            .collect()
    }

    /// The value of `Set-Cookie` with this lifetime in whole seconds; zero deletes the cookie.
    /// `None` if a cookie cannot contain the value.
    pub(crate) fn set(self, name: &str, value: &str, max_age: Duration) -> Option<HeaderValue> {
        self.set_until(name, value, Some(max_age))
    }

    /// Like [`set`](Self::set); without a lifetime, the cookie is kept until the browser is closed.
    pub(crate) fn set_until(
        self,
        name: &str,
        value: &str,
        max_age: Option<Duration>,
    ) -> Option<HeaderValue> {
        let name = self.named(name);
        let max_age = max_age.map_or_else(String::new, |max_age| {
            format!("; Max-Age={}", max_age.as_secs())
        });
        let attributes = "Path=/; HttpOnly; SameSite=Lax";
        let secure = if self.is_https { "; Secure" } else { "" };
        let cookie = format!("{name}={value}{max_age}; {attributes}{secure}");
        let mut value = HeaderValue::try_from(cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// A cookie that a client has sent.
pub(super) struct Sent<'a> {
    /// Whether the name occurs at all.
    pub(super) is_there: bool,
    /// The value, if the name occurs once and this service could have issued the value.
    pub(super) value: Option<&'a str>,
}

/// Removes SP and HTAB around a pair, but no other Unicode white space.
fn trimmed(pair: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = pair.iter().position(|byte| !is_space(byte));
    let end = pair.iter().rposition(|byte| !is_space(byte));
    start
        .zip(end)
        .and_then(|(start, end)| pair.get(start..=end))
        .unwrap_or_default()
}

fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    trimmed(pair).strip_prefix(name)?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "ours";

    fn read(url: &str, cookies: &[&[u8]]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in cookies {
            headers.append(COOKIE, HeaderValue::from_bytes(value).expect("a header"));
        }
        Cookies::new(url).read(&headers, NAME).map(str::to_owned)
    }

    fn plain(cookies: &[&[u8]]) -> Option<String> {
        read("http://localhost:8000", cookies)
    }

    fn over_tls(cookies: &[&[u8]]) -> Option<String> {
        read("https://id.example.org", cookies)
    }

    #[test]
    fn our_cookie_is_found_among_others() {
        let found = Some("x".to_owned());
        assert_eq!(plain(&[b"ours=x"]), found);
        assert_eq!(plain(&[b"a=b; ours=x; c"]), found);
        assert_eq!(plain(&[b"a=b;\t ours=x \t;c"]), found);
        assert_eq!(plain(&[b"a=b", b"ours=x"]), found);
        assert_eq!(plain(&[b"other=caf\xe9; ours=x"]), found);
        assert_eq!(plain(&[b"ours=x; OURS=y; xours=z; ours"]), found);
        assert_eq!(plain(&[b"ours="]), Some(String::new()));
        for others in [
            &b"__Host-ours=x"[..],
            b"xours=x",
            b"ours",
            b"ours =x",
            b"",
            b"ours=\xe9",
        ] {
            assert_eq!(plain(&[others]), None, "{others:?}");
        }
        assert_eq!(plain(&[]), None);
        let long = ["ours=".as_bytes(), &[b'x'; MAX_LEN + 1]].concat();
        assert_eq!(plain(&[&long]), None);
    }

    #[test]
    fn white_space_of_unicode_is_part_of_a_name() {
        for space in [
            "\u{a0}", "\u{85}", "\u{2000}", "\u{2028}", "\u{3000}", "\u{feff}",
        ] {
            for pair in [
                format!("{space}__Host-ours=x"),
                format!("__Host-ours{space}=x"),
            ] {
                assert_eq!(over_tls(&[pair.as_bytes()]), None, "{pair:?}");
            }
            let value = format!("__Host-ours=x{space}");
            assert_eq!(over_tls(&[value.as_bytes()]), Some(format!("x{space}")));
        }
    }

    #[test]
    fn a_name_that_occurs_twice_is_refused() {
        let long = ["ours=".as_bytes(), &[b'x'; MAX_LEN + 1]].concat();
        for twice in [
            &[&b"ours=x; ours=y"[..]][..],
            &[b"ours=x; a=b;\tours=x"],
            &[b"ours=x", b"a=b; ours=y"],
            &[b"ours=x; ours=\xe9"],
            &[b"ours=; ours=x"],
            &[b"ours=x", &long],
            &[&long, b"ours=x"],
        ] {
            assert_eq!(plain(twice), None, "{twice:?}");
        }
    }

    #[test]
    fn over_tls_the_name_that_any_host_can_set_does_not_count() {
        let own = Some("own".to_owned());
        assert_eq!(over_tls(&[b"ours=other"]), None);
        assert_eq!(over_tls(&[b"ours=other; __Host-ours=own; ours=other"]), own);
        assert_eq!(plain(&[b"__Host-ours=other"]), None);
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
