//! The HTTP contract on actix-web 4.
//!
//! Rows are mounted with `App::configure` or `Scope::configure`, so that they live below any prefix; [`configure`] asks
//! how the address of a client is found. No decision is taken here: everything is answered by [`crate::http`].

mod extract;
mod guard;
mod head;
mod mount;
mod problem;
mod scope;

#[cfg(test)]
pub(crate) use self::mount::mount;
pub use self::{guard::Guarded, mount::configure, problem::not_found, scope::Scoped};
pub use crate::{
    auth::guard::{RequirePermission, RequireRole},
    http::RequestScope,
};

#[cfg(test)]
#[cfg(feature = "axum")]
mod parity;
