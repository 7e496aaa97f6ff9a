//! The state of endpoints that `UserService` does not cover, and the confirmed caller as a handler argument.

use std::sync::Arc;

use super::UserService;
use crate::{
    error::{ErrorKind, Result},
    http::{Cookies, Input, Presented, Request},
    token::{ActiveUser, Credential, http::Shown},
};

/// The state of a feature's endpoints: the service that confirms callers, the format of its cookies, and the feature.
#[derive(Clone, Debug)]
pub(crate) struct Context<F> {
    pub(crate) service: Arc<dyn UserService>,
    pub(crate) cookies: Cookies,
    pub(crate) feature: F,
}

/// The browser session's user, confirmed by the database. A bearer token is not accepted.
///
/// # Errors
/// [`Unauthenticated`](ErrorKind::Unauthenticated), [`InvalidAccessToken`](ErrorKind::InvalidAccessToken), or the other
/// errors of [`CredentialRule::find`](crate::http::CredentialRule::find).
pub(crate) async fn browser_caller(
    service: &dyn UserService,
    request: &Request,
) -> Result<ActiveUser> {
    service.current_user(&browser_credential(request)?).await
}

/// The browser session cookie, not verified yet. A bearer token is not accepted.
///
/// # Errors
/// [`Unauthenticated`](ErrorKind::Unauthenticated), or the errors of
/// [`CredentialRule::find`](crate::http::CredentialRule::find).
pub(crate) fn browser_credential(request: &Request) -> Result<Credential> {
    match request.presented()? {
        cookie @ Presented::Cookie(_) => Ok(Credential::from(cookie)),
        Presented::Bearer(_) => Err(ErrorKind::Unauthenticated.into()),
    }
}

/// The caller, confirmed by the database. Unauthenticated callers are refused before their input is
/// read.
pub(crate) struct Caller(pub(crate) ActiveUser);

impl<F: Sync> Input<Context<F>> for Caller {
    async fn take(context: &Context<F>, request: &mut Request) -> Result<Self> {
        let Shown(credential) = Shown::take(context, request).await?;
        context.service.current_user(&credential).await.map(Self)
    }

    fn errors() -> &'static [ErrorKind] {
        <Shown as Input<Context<F>>>::errors()
    }

    #[cfg(feature = "openapi")]
    fn describe(operation: &mut crate::http::openapi::Operation) {
        <Shown as Input<Context<F>>>::describe(operation);
    }
}
