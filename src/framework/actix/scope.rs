//! [`RequestScope`] as actix-web middleware.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use ::actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::header::{CACHE_CONTROL, HeaderName, HeaderValue, VARY},
};
use tracing::{Instrument as _, Span};

use super::head::headers;
use crate::http::{Caching, Problem, RequestId, RequestScope, span};

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
        ready(Ok(Scoped {
            scope: self.clone(),
            inner,
        }))
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

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let scope = self.scope.of_request();
        let (id, has_session) = match headers(request.request()) {
            Ok(headers) => (RequestId::of(&headers), scope.has_session(&headers)),
            Err(error) => return Box::pin(ready(Err(Problem::from(error).into()))),
        };
        let stamp =
            HeaderValue::from_str(id.as_str()).unwrap_or_else(|_| HeaderValue::from_static("-"));
        let is_outermost = request.extensions().get::<RequestScope>().is_none();
        let span = if is_outermost {
            let pattern = request.match_pattern();
            let path = pattern.as_deref().unwrap_or_else(|| request.path());
            span(&id, request.method().as_str(), path)
        } else {
            Span::none()
        };
        {
            // An outer middleware may have kept a clone of the request. In that case, the headers
            // cannot be changed, but the extensions can.
            let mut extensions = request.extensions_mut();
            extensions.insert(scope.clone());
            extensions.insert(id);
        }
        let answering = span.in_scope(|| self.inner.call(request)).instrument(span);
        Box::pin(async move {
            match answering.await {
                Ok(mut response) => {
                    let headers = response.headers_mut();
                    headers.insert(X_REQUEST_ID, stamp);
                    let caching = scope.caching(has_session);
                    if caching != Caching::Shared {
                        headers.append(VARY, HeaderValue::from_static("Cookie"));
                    }
                    if caching == Caching::Personal && !headers.contains_key(CACHE_CONTROL) {
                        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                    }
                    Ok(response)
                }
                Err(mut error) => {
                    error.add_response_mapper(move |mut response| {
                        response.headers_mut().insert(X_REQUEST_ID, stamp.clone());
                        response
                    });
                    Err(error)
                }
            }
        })
    }
}
