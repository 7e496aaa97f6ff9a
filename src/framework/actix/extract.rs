//! The caller as an extractor.
//!
//! The host's `App` contains the [`Auth`] as `web::Data`. If the host only verifies tokens, the
//! `App` contains a [`Verifier`].

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
};

use ::actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web};
use ::http::HeaderMap;

use super::head::{headers, method, parts};
use crate::{
    auth::{
        Auth,
        guard::{
            Admitted, Assurance, ClaimedPermission, ClaimedRole, ClaimedStepUp, OrSignIn,
            RecentSignIn, RequiredPermission, RequiredRole, SignInFirst, StepUp, WithPermission,
            WithRole,
        },
    },
    error::{Error, Result},
    event::ClientInfo,
    http::{Problem, RequestScope},
    token::{ActiveUser, CurrentUser},
    verifier::Verifier,
};

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// Verifies the access token without querying the database.
impl FromRequest for CurrentUser {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        claim(request, |_, caller| Ok(caller))
    }
}

/// Verifies the access token, and checks in the database that the session and the user are active.
/// This takes one query, or none if a [`RequireRole`](super::RequireRole) middleware has already
/// checked them.
impl FromRequest for ActiveUser {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |_, caller| Ok(caller))
    }
}

/// An [`ActiveUser`] with the role.
impl<R: RequiredRole> FromRequest for WithRole<R> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, |_, caller| Self::check(caller))
    }
}

/// An [`ActiveUser`] with the permission.
impl<P: RequiredPermission> FromRequest for WithPermission<P> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, Self::check)
    }
}

/// A [`CurrentUser`] with the role.
impl<R: RequiredRole> FromRequest for ClaimedRole<R> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        claim(request, |_, caller| Self::check(caller))
    }
}

/// A [`CurrentUser`] with the permission.
impl<P: RequiredPermission> FromRequest for ClaimedPermission<P> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        claim(request, |_, caller| Self::check(caller))
    }
}

/// An [`ActiveUser`] who has recently signed in.
impl FromRequest for RecentSignIn {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, Self::check)
    }
}

/// An [`ActiveUser`] who has recently presented a second factor.
impl<A: Assurance> FromRequest for StepUp<A> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, Self::check)
    }
}

/// A [`CurrentUser`] whose token records a second factor and a recent authentication.
impl<A: Assurance> FromRequest for ClaimedStepUp<A> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        claim(request, Self::check)
    }
}

/// The request's client. Outside [`Auth::request_scope`], the reply is 500 `internal`, and the reason is logged.
impl FromRequest for ClientInfo {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parts(request).map_err(Problem::from).and_then(|head| {
            Self::within(head.extensions.get(), &head, request.peer_addr())
                .map_err(|error| Problem::answering(&head.headers, error))
        }))
    }
}

/// Redirects a refused visitor to the sign-in page.
impl<T: FromRequest<Error = Problem> + 'static> FromRequest for OrSignIn<T> {
    type Error = SignInFirst;
    type Future = Pin<Box<dyn Future<Output = Result<Self, SignInFirst>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let extracting = T::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let problem = match extracting.await {
                Ok(passed) => return Ok(Self(passed)),
                Err(problem) => problem,
            };
            Err(SignInFirst(match (auth(&request), parts(&request)) {
                (Ok(auth), Ok(head)) => {
                    let asked = (&head.method, &head.uri, &head.headers);
                    auth.sign_in_pages().answer(asked, &problem)
                }
                _ => problem.to_response(),
            }))
        })
    }
}

fn claim<T>(
    request: &HttpRequest,
    check: impl FnOnce(&Verifier, CurrentUser) -> Result<T> + 'static,
) -> Extracting<T> {
    look(request);
    let request = request.clone();
    Box::pin(async move {
        let headers = headers(&request)?;
        claimed(&request, &headers, check)
            .await
            .map_err(|error| Problem::answering(&headers, error))
    })
}

async fn claimed<T>(
    request: &HttpRequest,
    headers: &HeaderMap,
    check: impl FnOnce(&Verifier, CurrentUser) -> Result<T>,
) -> Result<T> {
    let verifier = match (app_data::<Auth>(request), app_data::<Verifier>(request)) {
        (Some(auth), _) => auth.verifier(),
        (None, Some(verifier)) => verifier.clone(),
        (None, None) => {
            let message = "the App holds neither web::Data<hallpass::Auth> nor web::Data<hallpass::verifier::Verifier>";
            return Err(Error::internal(message));
        }
    };
    let caller = verifier.claimed(&method(request)?, headers).await?;
    check(&verifier, caller)
}

fn extract<T>(
    request: &HttpRequest,
    check: impl FnOnce(&Auth, ActiveUser) -> Result<T> + 'static,
) -> Extracting<T> {
    look(request);
    let request = request.clone();
    Box::pin(async move {
        let headers = headers(&request)?;
        checked(&request, &headers, check)
            .await
            .map_err(|error| Problem::answering(&headers, error))
    })
}

async fn checked<T>(
    request: &HttpRequest,
    headers: &HeaderMap,
    check: impl FnOnce(&Auth, ActiveUser) -> Result<T>,
) -> Result<T> {
    let known = request.extensions().get::<Admitted>().cloned();
    let auth = auth(request)?;
    let caller = auth
        .caller(&method(request)?, headers, known.as_ref())
        .await?;
    check(auth, caller)
}

/// Records in the request's scope that its reply depends on the caller.
pub(super) fn look(request: &HttpRequest) {
    if let Some(scope) = request.extensions().get::<RequestScope>() {
        scope.look();
    }
}

fn auth(request: &HttpRequest) -> Result<&Auth> {
    app_data(request).ok_or_else(|| Error::internal("the App holds no web::Data<hallpass::Auth>"))
}

fn app_data<T: 'static>(request: &HttpRequest) -> Option<&T> {
    let data = request.app_data::<web::Data<T>>();
    data.map(|data| data.as_ref())
}
