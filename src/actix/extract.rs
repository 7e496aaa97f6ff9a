//! The caller as an extractor. The host's `App` holds the [`Auth`] as `web::Data`.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use ::actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web};
use ::http::HeaderMap;

use super::head::headers;
use crate::{
    auth::{Auth, RequiredPermission, RequiredRole, WithPermission, WithRole},
    error::{Error, Result},
    http::Problem,
    token::{ActiveUser, CurrentUser},
};

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// Verifies the access token; asks no database.
impl FromRequest for CurrentUser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(headers(request).map_err(Problem::from).and_then(|headers| {
            let claimed = auth(request).and_then(|auth| auth.claimed(&headers));
            claimed.map_err(|error| Problem::answering(&headers, error))
        }))
    }
}

/// Verifies the access token, and asks the database whether session and user are alive: one query, or none behind a
/// [`RequireRole`](super::RequireRole) middleware, which has asked already.
impl FromRequest for ActiveUser {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |_, caller| Ok(caller))
    }
}

/// As [`ActiveUser`], with a role.
impl<R: RequiredRole> FromRequest for WithRole<R> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |_, caller| Self::check(caller))
    }
}

/// As [`ActiveUser`], with a permission.
impl<P: RequiredPermission> FromRequest for WithPermission<P> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, Self::check)
    }
}

fn extract<T>(
    request: &HttpRequest,
    check: impl FnOnce(&Auth, ActiveUser) -> Result<T> + 'static,
) -> Extracting<T> {
    let request = request.clone();
    Box::pin(async move {
        let headers = headers(&request)?;
        let checked = checked(&request, &headers, check).await;
        checked.map_err(|error| Problem::answering(&headers, error))
    })
}

async fn checked<T>(
    request: &HttpRequest,
    headers: &HeaderMap,
    check: impl FnOnce(&Auth, ActiveUser) -> Result<T>,
) -> Result<T> {
    let known = request.extensions().get::<ActiveUser>().cloned();
    let auth = auth(request)?;
    let caller = auth.admit(headers, known.as_ref()).await?;
    check(auth, caller)
}

fn auth(request: &HttpRequest) -> Result<&Auth> {
    request
        .app_data::<web::Data<Auth>>()
        .map(|auth| auth.as_ref())
        .ok_or_else(|| Error::internal("the App holds no web::Data<hallpass::Auth>"))
}
