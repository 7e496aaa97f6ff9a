//! The example servers, run as processes.
#![cfg(all(
    feature = "actix",
    feature = "axum",
    feature = "breach-check",
    feature = "jwks-client",
    feature = "migrate",
    feature = "oauth",
    feature = "openapi",
    feature = "pages",
    feature = "postgres",
    feature = "smtp",
    feature = "sqlite",
    feature = "strength"
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

#[path = "../../src/mail/smtp/tests/certificates.rs"]
#[allow(
    dead_code,
    reason = "certificates that do not hold are for the tests of the mailer"
)]
mod certificates;
mod chromium;
mod client;
#[path = "../it/support/cluster.rs"]
mod cluster;
mod oidc_provider;
#[path = "../it/support/patience.rs"]
mod patience;
mod pgbouncer;
#[path = "../it/support/port.rs"]
mod port;
#[path = "../it/support/postgres.rs"]
#[allow(dead_code, reason = "the servers migrate by themselves")]
mod postgres;
mod process;
#[path = "../it/support/skip.rs"]
mod skip;
mod smtp;
#[path = "../it/support/totp.rs"]
mod totp;
mod visitor;
mod wire;

mod accessibility;
mod banner;
mod connections;
mod cors;
mod docs;
mod edge;
mod embedded;
mod framing;
mod full_disk;
mod idle;
mod kill;
mod letter_preview;
mod letters;
mod limits;
mod log;
mod lost_file;
mod mail;
mod outage;
mod pages;
mod password;
mod pooler;
mod provider;
mod provider_in_browser;
mod proxy;
mod resource;
mod second_factor;
mod settings;
mod sign_in;
mod start;
mod stop;
mod transaction;
