//! The contract of every [store trait](crate::store) as runnable checks, races included.
//!
//! Whoever writes a store of their own runs [`check_all`] on it, on a multi-threaded runtime and on an otherwise idle
//! store without an administrator; the mails of a working server would be taken for those of the checks. A check that
//! fails panics and says what was broken.
//!
//! ```
//! use std::sync::Arc;
//! use hallpass::{conformance, memory::MemoryStore};
//!
//! # #[tokio::main]
//! # async fn main() {
//! conformance::check_all(Arc::new(MemoryStore::new())).await;
//! # }
//! ```
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a check that fails panics: that is its result"
)]

pub mod account;
pub mod address;
pub mod event;
pub mod first_admin;
mod fixture;
pub mod flow;
pub mod identity;
pub mod last_admin;
pub mod limit;
pub mod limit_key;
pub mod link;
pub mod one_time;
pub mod order;
pub mod ordered;
pub mod outbox;
pub mod outbox_entry;
pub mod purge;
pub mod rotation;
pub mod session;
pub mod session_cap;
pub mod takeover;
pub mod unlink;
pub mod user;
pub mod user_change;

use std::sync::Arc;

use crate::store::Store;

/// A store under check.
pub type Subject = Arc<dyn Store>;

/// Runs every check, one after the other.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: Subject) {
    store.ping().await.expect("the store answers a ping");
    first_admin::check_all(&store).await;
    user::check_all(&store).await;
    user_change::check_all(&store).await;
    last_admin::check_all(&store).await;
    session::check_all(&store).await;
    session_cap::check_all(&store).await;
    rotation::check_all(&store).await;
    one_time::check_all(&store).await;
    account::check_all(&store).await;
    outbox::check_all(&store).await;
    event::check_all(&store).await;
    purge::check_all(&store).await;
    order::check_all(&store).await;
    outbox_entry::check_all(&store).await;
    ordered::check_all(&store).await;
    address::check_all(&store).await;
    limit::check_all(&store).await;
    limit_key::check_all(&store).await;
    flow::check_all(&store).await;
    identity::check_all(&store).await;
    link::check_all(&store).await;
    unlink::check_all(&store).await;
    takeover::check_all(&store).await;
}
