use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use ::axum::response::{IntoResponse as _, Response};
use ::http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::{auth::RequireRole, http::Problem, token::ActiveUser};

impl<S> Layer<S> for RequireRole {
    type Service = RoleService<S>;

    fn layer(&self, inner: S) -> RoleService<S> {
        RoleService {
            guard: self.clone(),
            inner,
        }
    }
}

/// The service that [`RequireRole`] makes.
#[derive(Clone, Debug)]
pub struct RoleService<S> {
    guard: RequireRole,
    inner: S,
}

impl<S, B> Service<Request<B>> for RoleService<S>
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
        // The clone may not be ready; the service that was polled is.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let guard = self.guard.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let known = head.extensions.get::<ActiveUser>();
            match guard.admit(&head.headers, known).await {
                Ok(caller) => {
                    head.extensions.insert(caller);
                    inner.call(Request::from_parts(head, body)).await
                }
                Err(error) => Ok(Problem::answering(&head.headers, error).into_response()),
            }
        })
    }
}
