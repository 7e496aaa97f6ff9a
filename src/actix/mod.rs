//! The HTTP contract on actix-web 4.
//!
//! Rows are mounted with `App::configure` or `Scope::configure`, so that they live below any prefix. No decision is
//! taken here: everything is answered by [`crate::http`].

mod extract;
mod head;
mod mount;
mod problem;
mod require_role;

#[cfg(test)]
pub(crate) use self::mount::mount;
pub use self::{mount::configure, problem::not_found, require_role::RoleService};
pub use crate::auth::RequireRole;

#[cfg(test)]
#[cfg(feature = "axum")]
mod parity;
