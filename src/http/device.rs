//! The cookie that identifies a device.

use std::time::Duration;

use ::http::{HeaderValue, header::SET_COOKIE};

use super::{
    Output, Response,
    cookie::{Cookies, DEVICE},
};
use crate::secret::DeviceToken;

/// 400 days, the longest time that browsers keep a cookie.
const MAX_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl Cookies {
    /// The value of `Set-Cookie` that identifies the device.
    pub(crate) fn set_device(self, token: &DeviceToken) -> Option<HeaderValue> {
        self.set(DEVICE, token.expose(), MAX_AGE)
    }
}

/// Adds the cookie that identifies the device, if there is a token for the device.
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
            .and_then(|token| self.cookies.set_device(&token));
        if let Some(cookie) = cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut super::openapi::Operation) {
        T::describe(operation);
    }
}
