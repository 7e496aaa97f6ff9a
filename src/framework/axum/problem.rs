//! Problems as axum responses.

use ::axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};

use crate::{
    auth::guard::SignInFirst,
    http::{self, Problem},
};

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.to_response().map(Body::from)
    }
}

impl IntoResponse for SignInFirst {
    fn into_response(self) -> Response {
        self.0.map(Body::from)
    }
}

/// Answers with a 404 problem. Hosts can use this function for paths without a route.
///
/// ```
/// # fn router() -> axum::Router {
/// axum::Router::new().fallback(hallpass::axum::not_found)
/// # }
/// ```
pub async fn not_found(request: Request) -> Response {
    http::not_found(request.method(), request.headers()).map(Body::from)
}

/// Answers as [`not_found`] does, but shows browsers a page.
///
/// ```
/// # fn router(auth: &hallpass::Auth) -> axum::Router {
/// axum::Router::new().fallback(hallpass::axum::not_found_page(auth))
/// # }
/// ```
#[cfg(feature = "pages")]
pub fn not_found_page(
    auth: &crate::auth::Auth,
) -> impl Fn(Request) -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    let auth = auth.clone();
    move |request| {
        let reply = auth.not_found_page(request.method(), request.headers());
        std::future::ready(reply.map(Body::from))
    }
}
