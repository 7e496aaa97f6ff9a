//! The scope of requests as actix-web middleware.

use std::{
    fmt,
    future::{Future, Ready, ready},
    pin::Pin,
};

use ::actix_web::{
    Error, HttpMessage as _, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use tracing::Instrument as _;

use super::head::headers;
use crate::http::{Problem, RequestId, RequestScope, span};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl<S, B> Transform<S, ServiceRequest> for RequestScope
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = Scoped<S>;
    type InitError = ();
    type Future = Ready<Result<Scoped<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let scope = self.clone();
        ready(Ok(Scoped { scope, inner }))
    }
}

/// The service that [`RequestScope`] creates.
#[derive(Debug)]
pub struct Scoped<S> {
    scope: RequestScope,
    inner: S,
}

impl<S, B> Service<ServiceRequest> for Scoped<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let id = match headers(request.request()) {
            Ok(headers) => RequestId::of(&headers),
            Err(error) => return Box::pin(ready(Err(Problem::from(error).into()))),
        };
        let stamp = HeaderValue::from_str(id.as_str());
        let stamp = stamp.unwrap_or_else(|_| HeaderValue::from_static("-"));
        let pattern = request.match_pattern();
        let path = pattern.as_deref().unwrap_or_else(|| request.path());
        let span = span(&id, request.method().as_str(), path);
        // The inner service uses the same id.
        request.headers_mut().insert(X_REQUEST_ID, stamp.clone());
        request.extensions_mut().insert(self.scope.clone());
        let answering = span.in_scope(|| self.inner.call(request));
        let answering = answering.instrument(span);
        Box::pin(async move {
            match answering.await {
                Ok(mut response) => {
                    response.headers_mut().insert(X_REQUEST_ID, stamp);
                    Ok(response)
                }
                Err(error) => Err(Stamped { error, stamp }.into()),
            }
        })
    }
}

/// The error of an inner middleware. actix converts it into a reply later, which then carries the request id.
#[derive(Debug)]
struct Stamped {
    error: Error,
    stamp: HeaderValue,
}

impl fmt::Display for Stamped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Stamped {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.error.error_response();
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID, self.stamp.clone());
        response
    }
}
