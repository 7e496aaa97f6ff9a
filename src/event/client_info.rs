//! The client behind a request.

use std::net::IpAddr;

use crate::secret::DeviceToken;

const MAX_USER_AGENT: usize = 255;

/// The client and its request. Sessions and the audit trail record every field except the device
/// token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The `User-Agent` header, at most 255 bytes, without control characters.
    pub user_agent: Option<String>,
    /// The `X-Request-Id` of the request.
    pub request_id: Option<String>,
    /// Proof of an earlier sign-in on the device: the `device` of [`SignIn::Complete`](crate::SignIn::Complete).
    pub device: Option<DeviceToken>,
}

impl ClientInfo {
    /// A client at this address, with this `User-Agent`.
    #[must_use]
    pub fn new(ip: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let shorten = |text: &str| {
            let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
            text.truncate(text.floor_char_boundary(MAX_USER_AGENT));
            text
        };
        Self {
            ip,
            user_agent: user_agent.map(shorten).filter(|text| !text.is_empty()),
            request_id: None,
            device: None,
        }
    }

    /// Adds the token of a device on which a user has signed in before.
    #[must_use]
    pub fn with_device(mut self, token: impl Into<DeviceToken>) -> Self {
        self.device = Some(token.into());
        self
    }

    /// A copy with only the fields that may be recorded.
    #[must_use]
    pub(crate) fn remembered(&self) -> Self {
        Self {
            device: None,
            ..self.clone()
        }
    }

    /// Adds the `X-Request-Id` of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }
}
