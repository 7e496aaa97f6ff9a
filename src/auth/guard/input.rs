//! The caller as an argument of the host's own endpoints.

use crate::{
    auth::Auth,
    error::{ErrorKind, Result},
    http::{Input, Request},
    token::{ActiveUser, CurrentUser, http::Bearer},
};

impl AsRef<Self> for Auth {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<S: AsRef<Auth> + Sync> Input<S> for ActiveUser {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        let Bearer(token) = Bearer::take(state, request).await?;
        state.as_ref().as_service().current_user(&token).await
    }

    fn errors() -> &'static [ErrorKind] {
        <Bearer as Input<S>>::errors()
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        <Bearer as Input<S>>::describe(operation);
    }
}

impl<S: AsRef<Auth> + Sync> Input<S> for CurrentUser {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        let Bearer(token) = Bearer::take(state, request).await?;
        state.as_ref().verify(&token)
    }

    fn errors() -> &'static [ErrorKind] {
        <Bearer as Input<S>>::errors()
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        <Bearer as Input<S>>::describe(operation);
    }
}
