//! The functions that build every reply.

use ::http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use bytes::Bytes;

/// A reply with its whole body.
pub type Response = ::http::Response<Bytes>;

/// An extension on a reply to HEAD for which the body of GET was not rendered. The length of the body is unknown, so
/// the reply has no content length.
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
