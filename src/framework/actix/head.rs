//! Converts request and response heads between `http` 0.2, which actix-web 4 uses, and `http` 1.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, request::Parts};
use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    body::{self, BodySize, MessageBody, SizedStream},
    http::{StatusCode, header::CONTENT_LENGTH},
};
use bytes::Bytes;
use futures_util::stream;

use crate::{
    error::{Error, Result},
    http::{RequestId, RequestScope, Response, UnknownLength},
};

/// A request's head.
///
/// # Errors
/// `Internal` if the head cannot be converted. That never happens, because everything that is valid in `http` 0.2 is
/// also valid in `http` 1.
pub(super) fn parts(request: &HttpRequest) -> Result<Parts> {
    let (mut head, ()) = ::http::Request::new(()).into_parts();
    head.method = method(request)?;
    head.uri = Uri::try_from(request.uri().to_string()).map_err(Error::internal)?;
    head.headers = headers(request)?;
    if let Some(scope) = request.extensions().get::<RequestScope>() {
        head.extensions.insert(scope.clone());
    }
    Ok(head)
}

pub(super) fn method(request: &HttpRequest) -> Result<Method> {
    Method::from_bytes(request.method().as_str().as_bytes()).map_err(Error::internal)
}

/// The headers, with the id that a [`RequestScope`] has given the request.
pub(super) fn headers(request: &HttpRequest) -> Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(request.headers().len());
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_ref()).map_err(Error::internal)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(Error::internal)?;
        headers.append(name, value);
    }
    if let Some(id) = request.extensions().get::<RequestId>() {
        id.clone().stamp(&mut headers);
    }
    Ok(headers)
}

/// A complete reply.
pub(super) fn reply(response: Response) -> HttpResponse {
    let (head, bytes) = response.into_parts();
    let status =
        StatusCode::from_u16(head.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    for (name, value) in &head.headers {
        builder.append_header((name.as_str(), value.as_bytes()));
    }
    let length = head.headers.get(::http::header::CONTENT_LENGTH);
    match length.and_then(|length| length.to_str().ok()?.parse().ok()) {
        // Only a reply to HEAD has this header. actix ignores the header and announces the size of the body instead,
        // so the body is a stream that has this size and sends nothing.
        Some(length) => {
            let mut reply = builder.body(SizedStream::new(
                length,
                stream::empty::<Result<_, Error>>(),
            ));
            reply.headers_mut().remove(CONTENT_LENGTH);
            reply
        }
        None if head.extensions.get::<UnknownLength>().is_some() => builder.body(body::None::new()),
        None if bytes.len() > PIECE => builder.body(Pieces(bytes)),
        None => builder.body(bytes),
    }
}

/// The maximum number of body bytes that actix copies at once.
const PIECE: usize = 16 * 1024;

/// A long body, sent in pieces. Otherwise actix would copy the whole body, even if the client does
/// not read it.
struct Pieces(Bytes);

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len().try_into().unwrap_or(u64::MAX))
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let length = self.0.len().min(PIECE);
        Poll::Ready((length > 0).then(|| Ok(self.0.split_to(length))))
    }
}
