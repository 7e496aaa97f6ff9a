use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use ::axum::response::{IntoResponse as _, Response};
use ::http::{Request, request::Parts};
use tower_layer::Layer;
use tower_service::Service;

use crate::{auth::Auth, error::Result, http::Problem, token::ActiveUser, user::Role};

/// A layer that lets only callers with a role pass: 401 without a user, 403 without the role.
///
/// The role is checked in the database. Handlers behind it take [`ActiveUser`] without a further query.
///
/// ```
/// # use hallpass::{Auth, Role};
/// # fn routes(auth: &Auth) -> axum::Router {
/// use axum::{Router, routing::get};
///
/// Router::new()
///     .route("/reports", get(async || "all of them"))
///     .route_layer(hallpass::axum::RequireRole::new(auth, Role::ADMIN))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequireRole {
    auth: Auth,
    role: Role,
}

impl RequireRole {
    /// Demands this role.
    #[must_use]
    pub fn new(auth: &Auth, role: Role) -> Self {
        Self {
            auth: auth.clone(),
            role,
        }
    }

    async fn admit(&self, head: &Parts) -> Result<ActiveUser> {
        let caller = self
            .auth
            .admit(&head.headers, head.extensions.get())
            .await?;
        caller.require_role(&self.role)?;
        Ok(caller)
    }
}

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
            match guard.admit(&head).await {
                Ok(caller) => {
                    head.extensions.insert(caller);
                    inner.call(Request::from_parts(head, body)).await
                }
                Err(error) => Ok(Problem::answering(&head.headers, error).into_response()),
            }
        })
    }
}
