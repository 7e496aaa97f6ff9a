//! The caller as an extractor.

use ::axum::extract::{FromRef, FromRequestParts};
use ::http::request::Parts;

use crate::{
    auth::{Auth, RequiredRole, WithRole},
    http::{Problem, bearer},
    token::{ActiveUser, CurrentUser},
};

/// Verifies the access token; asks no database.
impl<S: Send + Sync> FromRequestParts<S> for CurrentUser
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)?;
        Ok(Auth::from_ref(state).verify(&token.into())?)
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
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let token = bearer(&parts.headers)?;
        Ok(Auth::from_ref(state).session_check().active(token).await?)
    }
}

/// As [`ActiveUser`], with a role.
impl<S: Send + Sync, R: RequiredRole> FromRequestParts<S> for WithRole<R>
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = ActiveUser::from_request_parts(parts, state).await?;
        Ok(Self::check(caller)?)
    }
}
