//! The example servers, as processes.
#![cfg(all(
    feature = "actix",
    feature = "axum",
    feature = "migrate",
    feature = "openapi",
    feature = "postgres",
    feature = "smtp",
    feature = "sqlite"
))]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and processes keep the system's time"
)]

mod client;
mod process;

mod edge;
mod settings;
mod start;
mod stop;
