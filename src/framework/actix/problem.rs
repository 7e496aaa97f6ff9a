//! Problems as actix-web errors.

use actix_web::{HttpRequest, HttpResponse, ResponseError, http::StatusCode};

use super::head::{headers, method, reply};
use crate::{
    auth::guard::SignInFirst,
    http::{self, Problem},
};

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        reply(self.to_response())
    }
}

impl ResponseError for SignInFirst {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        reply(self.0.clone())
    }
}

/// Answers with a 404 problem. Hosts can use this function for paths without a route.
///
/// ```
/// use actix_web::{App, web};
///
/// let app = App::new().default_service(web::to(hallpass::actix::not_found));
/// ```
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    reply(match (method(&request), headers(&request)) {
        (Ok(method), Ok(headers)) => http::not_found(&method, &headers),
        (Err(error), _) | (_, Err(error)) => Problem::from(error).to_response(),
    })
}

/// Answers as [`not_found`] does, but shows browsers a page.
///
/// ```
/// # fn routes(auth: &hallpass::Auth) {
/// use actix_web::{App, web};
///
/// let app = App::new().default_service(web::to(hallpass::actix::not_found_page(auth)));
/// # let _ = app;
/// # }
/// ```
#[cfg(feature = "pages")]
pub fn not_found_page(
    auth: &crate::auth::Auth,
) -> impl Fn(HttpRequest) -> std::future::Ready<HttpResponse> + Clone + 'static {
    let auth = auth.clone();
    move |request| {
        std::future::ready(reply(match (method(&request), headers(&request)) {
            (Ok(method), Ok(headers)) => auth.not_found_page(&method, &headers),
            (Err(error), _) | (_, Err(error)) => Problem::from(error).to_response(),
        }))
    }
}
