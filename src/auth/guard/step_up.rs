//! Guards that require a second factor.

use std::{fmt, marker::PhantomData};

#[cfg(any(feature = "axum", feature = "actix"))]
use crate::verifier::Verifier;
use crate::{
    auth::Auth,
    error::Result,
    token::{AAL2, ActiveUser, CurrentUser},
    user::User,
};

/// A type that names an assurance level, for [`StepUp`] and [`ClaimedStepUp`]. [`Aal2`] is the only
/// level at present.
pub trait Assurance: private::Sealed + 'static {
    /// The value of the `acr` claim at this level.
    const ACR: &'static str;
}

/// The assurance level of two factors: `urn:hallpass:aal2`.
#[derive(Debug)]
#[non_exhaustive]
pub struct Aal2;

impl Assurance for Aal2 {
    const ACR: &'static str = AAL2;
}

#[allow(unnameable_types, reason = "it seals the trait")]
mod private {
    pub trait Sealed {}

    impl Sealed for super::Aal2 {}
}

/// An [`ActiveUser`] who presented a second factor within the last 10 minutes, as a handler argument. Use it for
/// irreversible actions.
///
/// The reply is 401 `step_up_required` (RFC 9470) if the user presented a second factor too long ago, never presented
/// one, or presented only a recovery code. The client then calls `POST /auth/reauthenticate` with a second factor. A
/// user without a second factor needs a recent sign-in, as for [`RecentSignIn`](super::RecentSignIn).
///
/// ```
/// # #[cfg(feature = "axum")]
/// # fn routes() -> axum::Router<hallpass::Auth> {
/// use axum::{Router, routing::post};
/// use hallpass::guard::{Aal2, StepUp};
///
/// Router::new().route("/payout", post(async |caller: StepUp<Aal2>| caller.user().id.to_string()))
/// # }
/// ```
pub struct StepUp<A = Aal2> {
    /// The caller.
    pub caller: ActiveUser,
    assurance: PhantomData<fn() -> A>,
}

impl<A: Assurance> StepUp<A> {
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn check(auth: &Auth, caller: ActiveUser) -> Result<Self> {
        auth.require_step_up(&caller)?;
        Ok(Self {
            caller,
            assurance: PhantomData,
        })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.caller.user
    }
}

impl<A: Assurance> fmt::Debug for StepUp<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepUp")
            .field("acr", &A::ACR)
            .field("caller", &self.caller)
            .finish()
    }
}

/// A handler argument: a [`CurrentUser`] whose access token records both a second factor and an authentication within
/// the last 10 minutes.
///
/// The claims `acr`, `amr` and `auth_time` are checked; see [`CurrentUser::require_step_up`]. The
/// database is not queried, so a user without a second factor never passes. After
/// `POST /auth/reauthenticate`, the client has to refresh its token. To check the database instead,
/// use [`StepUp`].
pub struct ClaimedStepUp<A = Aal2> {
    /// The caller.
    pub caller: CurrentUser,
    assurance: PhantomData<fn() -> A>,
}

impl<A: Assurance> ClaimedStepUp<A> {
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn check(verifier: &Verifier, caller: CurrentUser) -> Result<Self> {
        verifier.require_step_up(&caller)?;
        Ok(Self {
            caller,
            assurance: PhantomData,
        })
    }
}

impl<A: Assurance> fmt::Debug for ClaimedStepUp<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedStepUp")
            .field("acr", &A::ACR)
            .field("caller", &self.caller)
            .finish()
    }
}

impl Auth {
    /// Requires that the caller presented a second factor within the last 10 minutes; see
    /// [`ActiveUser::require_step_up`].
    ///
    /// # Errors
    /// [`StepUpRequired`](crate::ErrorKind::StepUpRequired), or
    /// [`ReauthenticationRequired`](crate::ErrorKind::ReauthenticationRequired) for a user without a second factor.
    pub fn require_step_up(&self, caller: &ActiveUser) -> Result<()> {
        caller.require_step_up(self.parts.core.tokens.now())
    }
}
