//! The contract of every [store trait](crate::store) as runnable checks, including races.
//!
//! The author of a store runs [`check_all`] on it. The checks need a multi-threaded runtime and a
//! store without an administrator. Nothing else may use the store during the checks, because they
//! claim every email that they find. A failed check panics with a message.
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
pub mod administrator;
pub mod browser_session;
pub mod challenge;
pub mod dead_letter;
pub mod device;
pub mod event;
pub mod factor;
mod fixture;
pub mod flow;
pub mod identity;
pub mod limit_key;
pub mod limiter;
pub mod one_time_token;
pub mod operator;
pub mod outbox;
pub mod password;
pub mod purge;
pub mod rotation;
pub mod secure_account;
pub mod session;
pub mod session_code;
pub mod takeover;
pub mod user;

use std::sync::Arc;

use crate::store::Store;

/// A store to check.
pub type Subject = Arc<dyn Store>;

/// Runs every check, one after the other.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: Subject) {
    store.ping().await.expect("the store answers a ping");
    administrator::check_all(&store).await;
    user::check_all(&store).await;
    session::check_all(&store).await;
    browser_session::check_all(&store).await;
    session_code::check_all(&store).await;
    rotation::check_all(&store).await;
    one_time_token::check_all(&store).await;
    password::check_all(&store).await;
    secure_account::check_all(&store).await;
    outbox::check_all(&store).await;
    dead_letter::check_all(&store).await;
    event::check_all(&store).await;
    operator::check_all(&store).await;
    purge::check_all(&store).await;
    address::check_all(&store).await;
    limiter::check_all(&store).await;
    limit_key::check_all(&store).await;
    flow::check_all(&store).await;
    identity::check_all(&store).await;
    factor::check_all(&store).await;
    challenge::check_all(&store).await;
    device::check_all(&store).await;
    account::check_all(&store).await;
    takeover::check_all(&store).await;
}
