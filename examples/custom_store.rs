//! A store behind a gate that makes it read-only while its database is copied or moved.
//!
//! Signed-in users stay signed in, and a call that would write gets a retryable 503. A host that writes a store from
//! scratch implements the same traits as [`Gate`] and runs the same checks.
//!
//! ```sh
//! cargo run --example custom_store --features testing
//! cargo test --example custom_store --features testing
//! ```
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program writes to its terminal, and ends when it fails"
)]

use std::sync::Arc;

use hallpass::{
    ErrorKind, conformance,
    event::ClientInfo,
    memory::MemoryStore,
    store::{Gate, Passage},
    testing::{PASSWORD, TestAuth},
};

#[tokio::main]
async fn main() {
    keeps_the_contract().await;
    println!("the store passes the conformance suite");
    stays_readable().await;
    println!("signed-in users stayed signed in while the store was read-only");
}

/// While the gate is open, the store must behave like the store behind it, including races.
async fn keeps_the_contract() {
    conformance::check_all(Arc::new(Gate::new(MemoryStore::new()))).await;
}

/// Checks the behaviour of a read-only gate through a complete service.
async fn stays_readable() {
    let store = Gate::new(MemoryStore::new());
    let auth = TestAuth::with(|builder| builder.store(store.clone()));
    let (ann, nobody) = (auth.user("ann@example.org").await, ClientInfo::default());
    let tokens = auth.sign_in(&ann).await;

    store.set(Passage::ReadOnly);
    let caller = auth.current_user(&tokens.access_token).await;
    assert_eq!(caller.expect("reading works").user.id, ann.id);
    let login = hallpass::Login::new(ann.email, PASSWORD);
    let refused = auth
        .login(login.clone())
        .await
        .map(drop)
        .map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::Unavailable));
    let refused = auth
        .refresh(&tokens.refresh_token, &nobody)
        .await
        .map(drop)
        .map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::Unavailable));

    store.set(Passage::Open);
    auth.login(login).await.expect("writing works again");
    let next = auth.refresh(&tokens.refresh_token, &nobody).await;
    assert_eq!(
        next.expect("nothing was lost").session_id,
        tokens.session_id
    );
}

#[cfg(test)]
mod tests {
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_store_keeps_the_contract() {
        super::keeps_the_contract().await;
    }

    #[tokio::test]
    async fn sessions_live_on_while_the_store_is_read_only() {
        super::stays_readable().await;
    }
}
