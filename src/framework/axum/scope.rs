//! [`RequestScope`] as a tower layer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use ::axum::extract::{MatchedPath, OriginalUri};
use ::http::{
    HeaderValue, Request, Response,
    header::{CACHE_CONTROL, VARY},
    request::Parts,
};
use tower_layer::Layer;
use tower_service::Service;
use tracing::{Instrument as _, Span};

use crate::http::{Caching, RequestId, RequestScope, span};

impl<S> Layer<S> for RequestScope {
    type Service = Scoped<S>;

    fn layer(&self, inner: S) -> Scoped<S> {
        Scoped {
            scope: self.clone(),
            inner,
        }
    }
}

/// The service that [`RequestScope`] creates.
#[derive(Clone, Debug)]
pub struct Scoped<S> {
    scope: RequestScope,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Scoped<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut head, body) = request.into_parts();
        let id = RequestId::of(&head.headers);
        let is_outermost = head.extensions.get::<RequestScope>().is_none();
        let span = if is_outermost {
            span(&id, head.method.as_str(), path(&head))
        } else {
            Span::none()
        };
        // The inner service uses the same id.
        id.clone().stamp(&mut head.headers);
        let scope = self.scope.of_request();
        let has_session = scope.has_session(&head.headers);
        head.extensions.insert(scope.clone());
        let request = Request::from_parts(head, body);
        let answering = span.in_scope(|| self.inner.call(request)).instrument(span);
        Box::pin(async move {
            let mut response = answering.await?;
            let headers = response.headers_mut();
            id.stamp(headers);
            let caching = scope.caching(has_session);
            if caching != Caching::Shared {
                headers.append(VARY, HeaderValue::from_static("Cookie"));
            }
            if caching == Caching::Personal && !headers.contains_key(CACHE_CONTROL) {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            Ok(response)
        })
    }
}

/// The pattern of the route, or the path if the layer is outside the router.
fn path(head: &Parts) -> &str {
    let extensions = &head.extensions;
    let pattern = extensions.get().map(MatchedPath::as_str);
    let whole = || extensions.get().map(|OriginalUri(uri)| uri.path());
    pattern.or_else(whole).unwrap_or_else(|| head.uri.path())
}
