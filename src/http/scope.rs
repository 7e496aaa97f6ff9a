//! The request id, the client and the log span for requests to a host's own routes.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use ::http::{HeaderMap, request::Parts};
use tracing::Span;

use super::{
    ClientAddress, Cookies,
    cookie::{DEVICE, SESSION},
    request_id::RequestId,
};
use crate::error::Result;

/// The longest method and the longest path in a span, in bytes.
const MAX_METHOD: usize = 32;
const MAX_PATH: usize = 255;

/// A layer for a host's own routes on axum or actix, created by [`Auth::request_scope`](crate::Auth::request_scope).
///
/// Every reply of the wrapped routes carries an `X-Request-Id`. Log lines are in the span
/// `request`, with the id, the method and the path. Handlers can take
/// [`ClientInfo`](crate::event::ClientInfo) as an argument and pass it to in-process calls. It
/// contains the address, the `User-Agent`, the request id and the device token, if the device is
/// known. If the layer also wraps endpoints of hallpass, they use the same id.
///
/// Wrap guards in this layer, so that their refusals also carry the id.
///
/// If a guard or an extractor has looked for the caller, the reply carries `Vary: Cookie`. For a
/// request with a browser session cookie, it also carries `Cache-Control: no-store`, unless the
/// handler sets that header. As a result, no cache shows a page to another user, or to anyone after
/// a sign-out.
#[derive(Clone, Debug)]
pub struct RequestScope {
    client_address: ClientAddress,
    cookies: Cookies,
    /// Whether a guard has looked for the caller of the request.
    has_looked: Arc<AtomicBool>,
}

/// The headers that prevent a cache from serving the response of one user to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// The reply does not depend on the caller.
    Shared,
    /// The reply depends on the caller: `Vary: Cookie`.
    Varied,
    /// The reply may be about a signed-in user: `Vary: Cookie` and `Cache-Control: no-store`.
    Personal,
}

impl RequestScope {
    pub(crate) fn new(client_address: ClientAddress, cookies: Cookies) -> Self {
        Self {
            client_address,
            cookies,
            has_looked: Arc::default(),
        }
    }

    /// The scope of one request.
    pub(crate) fn of_request(&self) -> Self {
        Self {
            has_looked: Arc::default(),
            ..self.clone()
        }
    }

    /// Notes that a guard looks for the caller of the request.
    pub(crate) fn look(&self) {
        self.has_looked.store(true, Ordering::Relaxed);
    }

    /// How caches may treat the reply to a request, with or without a session cookie.
    pub(crate) fn caching(&self, has_session: bool) -> Caching {
        match (self.has_looked.load(Ordering::Relaxed), has_session) {
            (false, _) => Caching::Shared,
            (true, false) => Caching::Varied,
            (true, true) => Caching::Personal,
        }
    }

    /// Whether a request carries a session cookie, valid or not.
    pub(crate) fn has_session(&self, headers: &HeaderMap) -> bool {
        self.cookies.sent(headers, SESSION).is_there
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
