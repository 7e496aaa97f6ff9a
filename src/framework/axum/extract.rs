//! The caller as an extractor.

use ::axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use ::http::request::Parts;

use super::mount::{peer, whole_uri};
use crate::{
    auth::{
        Auth,
        guard::{
            Assurance, ClaimedPermission, ClaimedRole, ClaimedStepUp, OrSignIn, RecentSignIn,
            RequiredPermission, RequiredRole, SignInFirst, StepUp, WithPermission, WithRole,
        },
    },
    error::{Error, ErrorKind, Result},
    event::ClientInfo,
    http::{Problem, RequestScope},
    token::{ActiveUser, CurrentUser},
    verifier::Verifier,
};

/// A state that can verify access tokens: a [`Verifier`], or any state that contains an [`Auth`]. A host implements
/// this trait for its other state types.
///
/// ```
/// use hallpass::{verifier::Verifier, axum::VerifyTokens};
///
/// #[derive(Clone)]
/// struct Host {
///     verifier: Verifier,
///     name: &'static str,
/// }
///
/// impl VerifyTokens for Host {
///     fn verifier(&self) -> Verifier {
///         self.verifier.clone()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` cannot verify access tokens",
    note = "implement `FromRef<{Self}>` for `hallpass::Auth`, or `hallpass::axum::VerifyTokens` for `{Self}`"
)]
pub trait VerifyTokens {
    /// The verifier for access tokens.
    fn verifier(&self) -> Verifier;
}

impl<S> VerifyTokens for S
where
    Auth: FromRef<S>,
{
    fn verifier(&self) -> Verifier {
        Auth::from_ref(self).verifier()
    }
}

impl VerifyTokens for Verifier {
    fn verifier(&self) -> Verifier {
        self.clone()
    }
}

/// Verifies the access token without querying the database.
impl<S: VerifyTokens + Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        claim(parts, state, |_, caller| Ok(caller)).await
    }
}

/// `None` if no bearer token was sent, or the cookie's session has ended. An invalid token is still refused.
impl<S: VerifyTokens + Send + Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        look(parts);
        let verifier = state.verifier();
        let is_by_cookie = verifier
            .credentials()
            .is_some_and(|rule| rule.is_by_cookie(&parts.headers));
        let caller = verifier.claimed(&parts.method, &parts.headers).await;
        if_sent(caller, is_by_cookie).map_err(|error| Problem::answering(&parts.headers, error))
    }
}

/// Verifies the access token, and checks in the database that the session and the user are active.
/// This takes one query, or none if a [`RequireRole`](super::RequireRole) layer has already checked
/// them.
impl<S: Send + Sync> FromRequestParts<S> for ActiveUser
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        extract(parts, state, |_, caller| Ok(caller)).await
    }
}

/// `None` if no bearer token was sent, or the cookie's session has ended. An invalid token is still refused.
impl<S: Send + Sync> OptionalFromRequestParts<S> for ActiveUser
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        look(parts);
        let known = parts.extensions.get();
        let auth = Auth::from_ref(state);
        let caller = auth.caller(&parts.method, &parts.headers, known).await;
        if_sent(caller, auth.is_by_cookie(&parts.headers))
            .map_err(|error| Problem::answering(&parts.headers, error))
    }
}

/// An [`ActiveUser`] with the role.
impl<S: Send + Sync, R: RequiredRole> FromRequestParts<S> for WithRole<R>
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        extract(parts, state, |_, caller| Self::check(caller)).await
    }
}

/// An [`ActiveUser`] with the permission.
impl<S: Send + Sync, P: RequiredPermission> FromRequestParts<S> for WithPermission<P>
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        extract(parts, state, Self::check).await
    }
}

/// A [`CurrentUser`] with the role.
impl<S: VerifyTokens + Send + Sync, R: RequiredRole> FromRequestParts<S> for ClaimedRole<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        claim(parts, state, |_, caller| Self::check(caller)).await
    }
}

/// A [`CurrentUser`] with the permission.
impl<S: VerifyTokens + Send + Sync, P: RequiredPermission> FromRequestParts<S>
    for ClaimedPermission<P>
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        claim(parts, state, |_, caller| Self::check(caller)).await
    }
}

/// An [`ActiveUser`] who has recently signed in.
impl<S: Send + Sync> FromRequestParts<S> for RecentSignIn
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        extract(parts, state, Self::check).await
    }
}

/// An [`ActiveUser`] who has recently presented a second factor.
impl<S: Send + Sync, A: Assurance> FromRequestParts<S> for StepUp<A>
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        extract(parts, state, Self::check).await
    }
}

/// A [`CurrentUser`] whose token records a second factor and a recent authentication.
impl<S: VerifyTokens + Send + Sync, A: Assurance> FromRequestParts<S> for ClaimedStepUp<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        claim(parts, state, Self::check).await
    }
}

/// The request's client. Outside [`Auth::request_scope`], the reply is 500 `internal`, and the reason is logged.
impl<S: Send + Sync> FromRequestParts<S> for ClientInfo {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let peer = peer(parts).await;
        Self::within(parts.extensions.get(), parts, peer)
            .map_err(|error| Problem::answering(&parts.headers, error))
    }
}

/// Redirects a refused visitor to the sign-in page.
impl<S, T> FromRequestParts<S> for OrSignIn<T>
where
    S: Send + Sync,
    Auth: FromRef<S>,
    T: FromRequestParts<S, Rejection = Problem>,
{
    type Rejection = SignInFirst;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SignInFirst> {
        T::from_request_parts(parts, state)
            .await
            .map(Self)
            .map_err(|problem| {
                let asked = (&parts.method, whole_uri(parts), &parts.headers);
                let auth = Auth::from_ref(state);
                SignInFirst(auth.sign_in_pages().answer(asked, &problem))
            })
    }
}

async fn claim<S: VerifyTokens, T>(
    parts: &Parts,
    state: &S,
    check: impl FnOnce(&Verifier, CurrentUser) -> Result<T>,
) -> Result<T, Problem> {
    look(parts);
    let verifier = state.verifier();
    verifier
        .claimed(&parts.method, &parts.headers)
        .await
        .and_then(|caller| check(&verifier, caller))
        .map_err(|error| Problem::answering(&parts.headers, error))
}

async fn extract<S, T>(
    parts: &Parts,
    state: &S,
    check: impl FnOnce(&Auth, ActiveUser) -> Result<T>,
) -> Result<T, Problem>
where
    Auth: FromRef<S>,
{
    look(parts);
    let auth = Auth::from_ref(state);
    auth.caller(&parts.method, &parts.headers, parts.extensions.get())
        .await
        .and_then(|caller| check(&auth, caller))
        .map_err(|error| Problem::answering(&parts.headers, error))
}

/// Records in the request's scope that its reply depends on the caller.
pub(super) fn look(parts: &Parts) {
    if let Some(scope) = parts.extensions.get::<RequestScope>() {
        scope.look();
    }
}

/// Browsers keep sending the cookie of an ended session, which must not make public pages inaccessible.
fn if_sent<T>(caller: Result<T, Error>, is_by_cookie: bool) -> Result<Option<T>> {
    match caller {
        Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(None),
        Err(error) if is_by_cookie && error.kind() == ErrorKind::InvalidAccessToken => Ok(None),
        caller => caller.map(Some),
    }
}
