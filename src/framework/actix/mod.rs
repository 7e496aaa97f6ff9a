//! The HTTP contract on actix-web 4.
//!
//! Mount the endpoints with `App::configure` or `Scope::configure`, under any prefix. [`configure`]
//! takes the rule for finding a client's address. The adapter makes no decisions: [`crate::http`]
//! answers every request.

mod extract;
mod guard;
mod head;
mod mount;
mod problem;
mod scope;

#[cfg(test)]
pub(crate) use self::mount::mount;
#[cfg(feature = "pages")]
pub use self::problem::not_found_page;
pub use self::{guard::Guarded, mount::configure, problem::not_found, scope::Scoped};
pub use crate::{
    auth::guard::{RequirePermission, RequireRole, RequireStepUp},
    http::RequestScope,
};

#[cfg(test)]
#[cfg(feature = "axum")]
mod parity;
