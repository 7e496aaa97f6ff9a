//! The integration tests, in one binary.
#![cfg(all(
    feature = "actix",
    feature = "axum",
    feature = "migrate",
    feature = "openapi",
    feature = "postgres",
    feature = "sqlite",
    feature = "testing"
))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod support;

mod migrations;
mod statements;
mod stores;

mod login;
mod logout;
mod refresh;
mod register;
