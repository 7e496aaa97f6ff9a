//! The arguments of handlers: each type reads its part of the request, and describes it.

use std::str::FromStr;

#[cfg(feature = "openapi")]
use super::openapi::Operation;
use super::{FromMembers, Members, Request};
use crate::{
    error::{ErrorKind, Result},
    json,
};

/// One argument of a handler. Arguments are read from left to right, so a handler that takes the caller before the
/// body refuses unauthenticated callers before the body is parsed.
pub trait Input<S>: Sized + Send {
    /// Reads this part of the request.
    ///
    /// # Errors
    /// One of [`errors`](Self::errors), or a 5xx kind.
    fn take(state: &S, request: &mut Request) -> impl Future<Output = Result<Self>> + Send;

    /// The error kinds that this input can return.
    fn errors() -> &'static [ErrorKind] {
        &[]
    }

    /// Adds this input to the OpenAPI document.
    #[cfg(feature = "openapi")]
    fn describe(_operation: &mut Operation) {}
}

/// The body as a JSON object. As a return type, it is a reply with status 200 and a body that no cache may keep.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Json<T>(pub T);

impl<S: Sync, T: FromMembers> Input<S> for Json<T> {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        let object = request.json_object()?;
        // serde_json reads an integer that does not fit into 64 bits as a float.
        let has_float = object.values().any(json::has_float);
        let mut members = Members::of_object(object);
        if has_float {
            members = members.with_beyond_64_bits(request.members_beyond_64_bits()?);
        }
        members.read().map(Self)
    }

    fn errors() -> &'static [ErrorKind] {
        &[
            ErrorKind::UnsupportedMediaType,
            ErrorKind::BodyTooLarge,
            ErrorKind::MalformedBody,
            ErrorKind::ValidationFailed,
        ]
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.json_body::<T>();
    }
}

/// The body as form fields (`application/x-www-form-urlencoded`). Only the handlers of HTML pages accept forms.
#[derive(Debug)]
pub(crate) struct Form<T>(pub(crate) T);

impl<S: Sync, T: FromMembers> Input<S> for Form<T> {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Members::of_query(request.form()?).read().map(Self)
    }

    fn errors() -> &'static [ErrorKind] {
        &[
            ErrorKind::UnsupportedMediaType,
            ErrorKind::BodyTooLarge,
            ErrorKind::MalformedBody,
            ErrorKind::ValidationFailed,
        ]
    }
}

/// The query parameters.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Query<T>(pub T);

impl<S: Sync, T: FromMembers> Input<S> for Query<T> {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Members::of_query(request.query()?).read().map(Self)
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::ValidationFailed]
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut Operation) {
        operation.query::<T>();
    }
}

/// The next `{parameter}` of the path, from left to right. A request with a segment that cannot be parsed is answered
/// with 404.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Path<T>(pub T);

impl<S: Sync, T: FromStr + Send> Input<S> for Path<T> {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        request
            .next_param()?
            .parse()
            .map(Self)
            .map_err(|_| ErrorKind::NotFound.into())
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::NotFound]
    }
}

/// Refuses a request that another site made the browser send. Handlers of sign-ins that set a cookie take this argument
/// first.
#[derive(Debug)]
pub(crate) struct OwnOrigin;

impl<S: Sync> Input<S> for OwnOrigin {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        request.ensure_own_origin().map(|()| Self)
    }

    fn errors() -> &'static [ErrorKind] {
        &[ErrorKind::CrossSiteRequest]
    }
}
