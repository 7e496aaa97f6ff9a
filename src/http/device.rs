//! The cookie by which a device is known again.

use std::time::Duration;

use ::http::{HeaderMap, header::SET_COOKIE};

use super::{
    Output, Response,
    cookie::{Cookies, cookie},
};
use crate::secret::DeviceToken;

const NAME: &str = "hallpass_device";
const HOST_NAME: &str = "__Host-hallpass_device";
/// 400 days: browsers keep no cookie longer.
const MAX_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// A reply that makes the device a known one, if there is a token for it.
pub(crate) struct WithDevice<T> {
    pub(crate) reply: T,
    pub(crate) device: Option<DeviceToken>,
    pub(crate) cookies: Cookies,
}

impl<T: Output> Output for WithDevice<T> {
    fn render(self) -> Response {
        let mut response = self.reply.render();
        let cookie = self
            .device
            .and_then(|token| self.cookies.set(NAME, token.expose(), MAX_AGE));
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
    // The one that no other host can have set comes first.
    cookie(headers, HOST_NAME).or_else(|| cookie(headers, NAME))
}

#[cfg(test)]
mod tests {
    use ::http::{HeaderValue, header::COOKIE};

    use super::*;

    #[test]
    fn the_token_that_no_other_host_can_have_set_comes_first() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("hallpass_device=other"));
        assert_eq!(token(&headers), Some("other"));
        let own = HeaderValue::from_static("__Host-hallpass_device=own");
        headers.append(COOKIE, own);
        assert_eq!(token(&headers), Some("own"));
    }
}
