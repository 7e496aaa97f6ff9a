//! The cookie by which a device is known again.

use std::str;

use ::http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};

use super::{Output, Response};
use crate::secret::DeviceToken;

const NAME: &str = "hallpass_device";
/// The prefix makes browsers take it from the host itself only, over TLS (RFC 6265bis, section 4.1.3.2).
const HOST_NAME: &str = "__Host-hallpass_device";
/// 400 days: browsers keep no cookie longer.
const MAX_AGE: u32 = 34_560_000;
/// Longer than any of ours.
const MAX_LEN: usize = 256;

/// How device tokens are handed to browsers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeviceCookies {
    is_https: bool,
}

impl DeviceCookies {
    /// For a service reached at this URL.
    pub(crate) fn new(public_url: &str) -> Self {
        Self {
            is_https: public_url.starts_with("https://"),
        }
    }

    /// The value of `Set-Cookie`; `None` for what cannot be in a cookie.
    pub(crate) fn set(self, token: &str) -> Option<HeaderValue> {
        let (name, secure) = if self.is_https {
            (HOST_NAME, "; Secure")
        } else {
            (NAME, "")
        };
        let attributes = "Path=/; HttpOnly; SameSite=Lax";
        let cookie = format!("{name}={token}; Max-Age={MAX_AGE}; {attributes}{secure}");
        let mut value = HeaderValue::try_from(cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// A reply that makes the device a known one, if there is a token for it.
pub(crate) struct WithDevice<T> {
    pub(crate) reply: T,
    pub(crate) device: Option<DeviceToken>,
    pub(crate) cookies: DeviceCookies,
}

impl<T: Output> Output for WithDevice<T> {
    fn render(self) -> Response {
        let mut response = self.reply.render();
        let cookie = self
            .device
            .and_then(|token| self.cookies.set(token.expose()));
        if let Some(cookie) = cookie {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut super::openapi::Operation) {
        T::describe(operation);
    }
}

/// The device token of a request. Whether it is one is for others to say.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(COOKIE).into_iter();
    let cookies = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    // What others have set may be anything.
    let texts = cookies.filter_map(|cookie| str::from_utf8(cookie).ok());
    let pairs = texts.filter_map(|cookie| cookie.trim().split_once('='));
    let ours =
        pairs.filter(|(name, value)| [HOST_NAME, NAME].contains(name) && value.len() <= MAX_LEN);
    // The one that no other host can have set comes first.
    ours.min_by_key(|(name, _)| *name != HOST_NAME)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookies: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_static(cookie));
        }
        token(&headers).map(str::to_owned)
    }

    #[test]
    fn our_cookie_is_found_among_others() {
        let found = Some("hp_dt_x".to_owned());
        assert_eq!(read(&["hallpass_device=hp_dt_x"]), found);
        assert_eq!(read(&["a=b; hallpass_device=hp_dt_x; c"]), found);
        assert_eq!(read(&["a=b", "__Host-hallpass_device=hp_dt_x"]), found);
        let both = ["hallpass_device=other", "__Host-hallpass_device=hp_dt_x"];
        assert_eq!(read(&both), found);
        assert_eq!(read(&["xhallpass_device=hp_dt_x"]), None);
        assert_eq!(read(&["hallpass_device"]), None);
        let mut headers = HeaderMap::new();
        let foreign = HeaderValue::from_bytes(b"other=caf\xe9; hallpass_device=hp_dt_x");
        headers.insert(COOKIE, foreign.expect("a header"));
        assert_eq!(token(&headers), Some("hp_dt_x"));
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn over_tls_the_cookie_is_bound_to_the_host() {
        let set = |url| DeviceCookies::new(url).set("hp_dt_x").unwrap();
        assert_eq!(
            set("https://id.example.org"),
            "__Host-hallpass_device=hp_dt_x; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            set("http://localhost:8000"),
            "hallpass_device=hp_dt_x; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(set("http://localhost:8000").is_sensitive());
    }
}
