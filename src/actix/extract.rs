//! The caller as an extractor. The host's `App` holds the [`Auth`] as `web::Data`.

use std::{future::Future, pin::Pin};

use ::actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web};

use super::head::bearer;
use crate::{
    auth::{Auth, RequiredRole, WithRole},
    error::{Error, Result},
    http::Problem,
    token::{ActiveUser, CurrentUser},
};

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// Verifies the access token; asks no database.
impl FromRequest for CurrentUser {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let verify = || auth(request)?.verify(&bearer(request)?.into());
        std::future::ready(verify().map_err(Problem::from))
    }
}

/// Verifies the access token, and asks the database whether session and user are alive: one query, or none behind a
/// [`RequireRole`](super::RequireRole) middleware, which has asked already.
impl FromRequest for ActiveUser {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { active(&request).await.map_err(Problem::from) })
    }
}

/// As [`ActiveUser`], with a role.
impl<R: RequiredRole> FromRequest for WithRole<R> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = active(&request).await?;
            Ok(Self::check(caller)?)
        })
    }
}

async fn active(request: &HttpRequest) -> Result<ActiveUser> {
    if let Some(caller) = request.extensions().get::<ActiveUser>() {
        return Ok(caller.clone());
    }
    let check = auth(request)?.session_check();
    check.active(&bearer(request)?).await
}

fn auth(request: &HttpRequest) -> Result<&Auth> {
    request
        .app_data::<web::Data<Auth>>()
        .map(|auth| auth.as_ref())
        .ok_or_else(|| Error::internal("the App holds no web::Data<hallpass::Auth>"))
}
