//! The HTTP contract on axum 0.8.
//!
//! The endpoints form an ordinary `Router`, which can be nested under a prefix or merged with the
//! host's own router. [`router`] takes the rule for finding a client's address. Serve the app with
//! `into_make_service_with_connect_info::<SocketAddr>()`, so that the peer is known. The adapter
//! makes no decisions: [`crate::http`] answers every request.

mod extract;
mod guard;
mod mount;
mod problem;
mod scope;

#[cfg(test)]
pub(crate) use self::mount::mount;
#[cfg(feature = "pages")]
pub use self::problem::not_found_page;
pub use self::{
    extract::VerifyTokens, guard::Guarded, mount::router, problem::not_found, scope::Scoped,
};
pub use crate::{
    auth::guard::{RequirePermission, RequireRole, RequireStepUp},
    http::RequestScope,
};
