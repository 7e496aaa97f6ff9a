//! The caller as an argument of the host's own endpoints.

use crate::{
    auth::Auth,
    error::{ErrorKind, Result},
    http::{Input, Request},
    token::{ActiveUser, CurrentUser, http::Shown},
};

impl AsRef<Self> for Auth {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<S: AsRef<Auth> + Sync> Input<S> for ActiveUser {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        let Shown(credential) = Shown::take(state, request).await?;
        state.as_ref().as_service().current_user(&credential).await
    }

    fn errors() -> &'static [ErrorKind] {
        <Shown as Input<S>>::errors()
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        <Shown as Input<S>>::describe(operation);
    }
}

impl<S: AsRef<Auth> + Sync> Input<S> for CurrentUser {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        let Shown(credential) = Shown::take(state, request).await?;
        state.as_ref().verifier().claims(&credential).await
    }

    fn errors() -> &'static [ErrorKind] {
        <Shown as Input<S>>::errors()
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::Operation) {
        <Shown as Input<S>>::describe(operation);
    }
}
