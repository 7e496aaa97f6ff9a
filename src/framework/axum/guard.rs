//! [`RequireRole`], [`RequirePermission`] and [`RequireStepUp`] as tower layers.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use ::axum::{body::Body, response::Response};
use ::http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::{extract::look, mount::whole_uri};
use crate::auth::guard::{Guard, RequirePermission, RequireRole, RequireStepUp};

macro_rules! layers {
    ($($guard:ident)*) => {$(
        impl<S> Layer<S> for $guard {
            type Service = Guarded<S>;

            fn layer(&self, inner: S) -> Guarded<S> {
                Guarded {
                    guard: self.0.clone(),
                    inner,
                }
            }
        }
    )*};
}

layers! { RequirePermission RequireRole RequireStepUp }

/// The service that [`RequireRole`], [`RequirePermission`] and [`RequireStepUp`] create.
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Only the service that was polled is known to be ready, not its clone.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let guard = self.guard.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            look(&head);
            let known = head.extensions.get();
            match guard.admit(&head.method, &head.headers, known).await {
                Ok(admitted) => {
                    if let Some(admitted) = admitted {
                        head.extensions.insert(admitted);
                    }
                    inner.call(Request::from_parts(head, body)).await
                }
                Err(error) => {
                    let asked = (&head.method, whole_uri(&head), &head.headers);
                    Ok(guard.refuse(asked, error).map(Body::from))
                }
            }
        })
    }
}
