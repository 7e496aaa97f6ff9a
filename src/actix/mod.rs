//! The HTTP contract on actix-web 4.
//!
//! Rows are mounted with `App::configure` or `Scope::configure`, so that they live below any prefix. No decision is
//! taken here: everything is answered by [`crate::http`].

mod head;
mod mount;
mod problem;

pub(crate) use self::mount::mount;
pub use self::problem::not_found;

#[cfg(all(test, feature = "axum"))]
mod parity;
