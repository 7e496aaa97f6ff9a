//! The guard that requires a recent sign-in.

use crate::{auth::Auth, error::Result, token::ActiveUser, user::User};

/// An [`ActiveUser`] who presented a credential within the last 10 minutes, as a handler argument. Use it for
/// irreversible actions.
///
/// The reply is 401 if no user is signed in, and 403 `reauthentication_required` if the last
/// credential was presented earlier. The client then has to sign in again or call
/// `POST /auth/reauthenticate`. A refresh does not count as a sign-in.
///
/// ```
/// # #[cfg(feature = "axum")]
/// # fn routes() -> axum::Router<hallpass::Auth> {
/// use axum::{Router, routing::post};
/// use hallpass::guard::RecentSignIn;
///
/// Router::new().route("/payout", post(async |caller: RecentSignIn| caller.user().id.to_string()))
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct RecentSignIn {
    /// The caller.
    pub caller: ActiveUser,
}

impl RecentSignIn {
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn check(auth: &Auth, caller: ActiveUser) -> Result<Self> {
        auth.require_recent_sign_in(&caller)?;
        Ok(Self { caller })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.caller.user
    }
}

impl Auth {
    /// Requires that the caller presented a credential within the last 10 minutes.
    ///
    /// # Errors
    /// [`ReauthenticationRequired`](crate::ErrorKind::ReauthenticationRequired) if the caller did not.
    pub fn require_recent_sign_in(&self, caller: &ActiveUser) -> Result<()> {
        caller.require_recent_sign_in(self.parts.core.tokens.now())
    }
}
