//! Problems as axum responses.

use ::axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};

use crate::http::{self, Problem};

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.to_response().map(Body::from)
    }
}

/// A 404 problem for paths without a route, for hosts that want one.
///
/// ```
/// # fn router() -> axum::Router {
/// axum::Router::new().fallback(hallpass::axum::not_found)
/// # }
/// ```
pub async fn not_found(request: Request) -> Response {
    http::not_found(request.method(), request.headers()).map(Body::from)
}
