//! Guards for a host's own routes, as handler arguments and as layers.
//!
//! | handler argument | passes |
//! |---|---|
//! | [`ClaimedRole`], [`ClaimedPermission`] | callers whose valid access token carries the role or permission |
//! | [`WithRole`], [`WithPermission`] | callers who have the role or permission in the database now |
//! | [`RecentSignIn`] | callers who signed in, or presented a credential again, within the last 10 minutes |
//! | [`StepUp`] | callers who presented a second factor within the last 10 minutes |
//! | [`ClaimedStepUp`] | callers whose valid access token records a second factor and a recent authentication |
//! | `OrSignIn<T>` | as `T`, for pages: sends a visitor who does not pass to the sign-in page |
//!
//! [`CurrentUser`](crate::CurrentUser) and [`ActiveUser`](crate::ActiveUser) only require that a user is signed in.
//! `RequireRole`, `RequirePermission` and `RequireStepUp` guard whole groups of routes.

#[cfg(feature = "http")]
mod input;
#[cfg(any(feature = "axum", feature = "actix"))]
mod or_sign_in;
mod permission;
mod recent_sign_in;
mod role;
#[cfg(any(feature = "axum", feature = "actix"))]
mod route;
mod step_up;

#[cfg(any(feature = "axum", feature = "actix"))]
pub use self::or_sign_in::{OrSignIn, SignInFirst};
#[cfg(feature = "actix")]
pub(crate) use self::route::Admitted;
#[cfg(any(feature = "axum", feature = "actix"))]
pub use self::route::{RequirePermission, RequireRole, RequireStepUp};
#[cfg(any(feature = "axum", feature = "actix"))]
pub(crate) use self::{or_sign_in::SignInPages, route::Guard};
pub use self::{
    permission::{ClaimedPermission, RequiredPermission, WithPermission},
    recent_sign_in::RecentSignIn,
    role::{Admin, ClaimedRole, RequiredRole, WithRole},
    step_up::{Aal2, Assurance, ClaimedStepUp, StepUp},
};
