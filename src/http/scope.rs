//! The request id, the client and the log span for requests to a host's own routes.

use std::net::{IpAddr, SocketAddr};

use ::http::{HeaderMap, request::Parts};
use tracing::Span;

use super::{ClientAddress, Cookies, cookie::DEVICE, request_id::RequestId};
use crate::error::Result;

/// The longest method and the longest path in a span, in bytes.
const MAX_METHOD: usize = 32;
const MAX_PATH: usize = 255;

/// A layer for a host's own routes on axum or actix, created by [`Auth::request_scope`](crate::Auth::request_scope).
///
/// Every reply of the wrapped routes carries an `X-Request-Id`. Log lines are in the span
/// `request`, with the id, the method and the path. Handlers can take
/// [`ClientInfo`](crate::event::ClientInfo) as an argument and pass it to in-process calls. It
/// contains the address, the `User-Agent`, the request id and the token of a known device. If the
/// layer also wraps endpoints of hallpass, they use the same id.
///
/// Wrap guards in this layer, so that their refusals also carry the id.
#[derive(Clone, Debug)]
pub struct RequestScope {
    client_address: ClientAddress,
    cookies: Cookies,
}

impl RequestScope {
    pub(crate) fn new(client_address: ClientAddress, cookies: Cookies) -> Self {
        Self {
            client_address,
            cookies,
        }
    }

    /// # Errors
    /// The errors of [`ClientAddress::of`].
    pub(crate) fn client_ip(
        &self,
        head: &Parts,
        peer: Option<SocketAddr>,
    ) -> Result<Option<IpAddr>> {
        self.client_address.of(head, peer)
    }

    /// The token of a device on which a user signed in before, exactly as the client sent it.
    pub(crate) fn device<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.cookies.read(headers, DEVICE)
    }
}

/// The span of a request.
pub(crate) fn span(id: &RequestId, method: &str, path: &str) -> Span {
    tracing::error_span!(
        "request",
        id = %id.as_str(),
        method = shown(method, MAX_METHOD),
        path = shown(path, MAX_PATH)
    )
}

fn shown(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}
