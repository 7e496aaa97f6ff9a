//! The HTTP contract on axum 0.8.
//!
//! Rows are mounted as an ordinary `Router`, which nests under a prefix and merges with a host's own; [`router`] asks
//! how the address of a client is found. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, so that
//! it is known who is calling. No decision is taken here: everything is answered by [`crate::http`].

mod extract;
mod guard;
mod mount;
mod problem;
mod scope;

#[cfg(test)]
pub(crate) use self::mount::mount;
pub use self::{
    extract::VerifyTokens, guard::Guarded, mount::router, problem::not_found, scope::Scoped,
};
pub use crate::{
    auth::guard::{RequirePermission, RequireRole},
    http::RequestScope,
};
