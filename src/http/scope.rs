//! The request id, the client and the log span for requests to a host's own routes.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use ::http::{HeaderMap, request::Parts};
use tracing::Span;

use super::{ClientAddress, Cookies, cookie::DEVICE, request_id::RequestId};
use crate::error::Result;

/// The maximum length of a path in a span.
const MAX_PATH: usize = 255;

/// A layer for a host's own routes on axum or actix, created by [`Auth::request_scope`](crate::Auth::request_scope).
///
/// Every reply within it carries an `X-Request-Id`. Log lines are in the span `request`, with the id, the method and
/// the path. Handlers can take [`ClientInfo`](crate::event::ClientInfo) as an argument and pass it to calls in
/// process. It contains the address, the `User-Agent`, the request id and the token of a known device. If the layer
/// also wraps endpoints of hallpass, they use the same id.
///
/// Put it outside of guards, so that their refusals carry the id, too.
#[derive(Clone, Debug)]
pub struct RequestScope(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    client_address: ClientAddress,
    cookies: Cookies,
}

impl RequestScope {
    pub(crate) fn new(client_address: ClientAddress, cookies: Cookies) -> Self {
        Self(Arc::new(Rules {
            client_address,
            cookies,
        }))
    }

    /// # Errors
    /// As [`ClientAddress::of`].
    pub(crate) fn client_ip(
        &self,
        head: &Parts,
        peer: Option<SocketAddr>,
    ) -> Result<Option<IpAddr>> {
        self.0.client_address.of(head, peer)
    }

    /// The token of a device on which somebody signed in before, as sent.
    pub(crate) fn device<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.0.cookies.read(headers, DEVICE)
    }
}

/// The span of a request.
pub(crate) fn span(id: &RequestId, method: &str, path: &str) -> Span {
    let shown = path.get(..path.floor_char_boundary(MAX_PATH));
    tracing::error_span!(
        "request",
        id = %id.as_str(),
        method,
        path = shown.unwrap_or_default()
    )
}
