//! The caller as an extractor.

use ::axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use ::http::request::Parts;

use crate::{
    auth::{Auth, RequiredPermission, RequiredRole, WithPermission, WithRole},
    error::{Error, ErrorKind, Result},
    http::Problem,
    token::{ActiveUser, CurrentUser},
};

/// Verifies the access token; asks no database.
impl<S: Send + Sync> FromRequestParts<S> for CurrentUser
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let claimed = Auth::from_ref(state).claimed(&parts.headers);
        claimed.map_err(|error| Problem::answering(&parts.headers, error))
    }
}

/// `None` if no bearer token was sent; one that is not valid is refused all the same.
impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        let claimed = Auth::from_ref(state).claimed(&parts.headers);
        if_sent(claimed).map_err(|error| Problem::answering(&parts.headers, error))
    }
}

/// Verifies the access token, and asks the database whether session and user are alive: one query, or none behind a
/// [`RequireRole`](super::RequireRole) layer, which has asked already.
impl<S: Send + Sync> FromRequestParts<S> for ActiveUser
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let admitted = active(parts, state).await;
        admitted.map_err(|error| Problem::answering(&parts.headers, error))
    }
}

/// `None` if no bearer token was sent; one that is not valid is refused all the same.
impl<S: Send + Sync> OptionalFromRequestParts<S> for ActiveUser
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        let admitted = if_sent(active(parts, state).await);
        admitted.map_err(|error| Problem::answering(&parts.headers, error))
    }
}

/// As [`ActiveUser`], with a role.
impl<S: Send + Sync, R: RequiredRole> FromRequestParts<S> for WithRole<R>
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let checked = active(parts, state).await.and_then(Self::check);
        checked.map_err(|error| Problem::answering(&parts.headers, error))
    }
}

/// As [`ActiveUser`], with a permission.
impl<S: Send + Sync, P: RequiredPermission> FromRequestParts<S> for WithPermission<P>
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let admitted = active(parts, state).await;
        let checked = admitted.and_then(|caller| Self::check(&Auth::from_ref(state), caller));
        checked.map_err(|error| Problem::answering(&parts.headers, error))
    }
}

async fn active<S>(parts: &Parts, state: &S) -> Result<ActiveUser>
where
    Auth: FromRef<S>,
{
    let auth = Auth::from_ref(state);
    auth.admit(&parts.headers, parts.extensions.get()).await
}

fn if_sent<T>(caller: Result<T, Error>) -> Result<Option<T>> {
    match caller {
        Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(None),
        caller => caller.map(Some),
    }
}
