//! The caller as an argument of a host's own rows of the contract.

use crate::{
    auth::Auth,
    error::{ErrorKind, Result},
    http::{Input, Request},
    secret::AccessToken,
    token::{ActiveUser, CurrentUser},
};

const ERRORS: &[ErrorKind] = &[ErrorKind::InvalidAccessToken, ErrorKind::Unauthenticated];

impl AsRef<Self> for Auth {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<S: AsRef<Auth> + Sync> Input<S> for ActiveUser {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        let token: AccessToken = request.bearer()?.into();
        state.as_ref().as_service().current_user(&token).await
    }

    fn errors() -> &'static [ErrorKind] {
        ERRORS
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        operation.bearer();
    }
}

impl<S: AsRef<Auth> + Sync> Input<S> for CurrentUser {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        state.as_ref().verify(&request.bearer()?.into())
    }

    fn errors() -> &'static [ErrorKind] {
        ERRORS
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        operation.bearer();
    }
}
