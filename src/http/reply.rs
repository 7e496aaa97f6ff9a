//! The replies every output is built from.

use ::http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use bytes::Bytes;

/// A reply with its whole body.
pub type Response = ::http::Response<Bytes>;

/// In the extensions of a reply to HEAD: how long the body of GET would be was not looked up, so that no length is
/// named.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UnknownLength;

/// A reply without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// A reply that no cache may keep.
pub(crate) fn private(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = empty(status);
    *response.body_mut() = body;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
