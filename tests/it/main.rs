//! The integration tests, in one binary.
#![cfg(all(
    feature = "actix",
    feature = "axum",
    feature = "migrate",
    feature = "oauth",
    feature = "openapi",
    feature = "pages",
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
#[cfg(feature = "axum")]
#[cfg(feature = "smtp")]
mod safety;
mod statements;
mod stores;

mod account;
mod account_pages;
mod admin_events;
mod admin_users;
mod administration;
mod amplification;
mod background;
mod browser;
mod budget;
mod client_address;
mod console_pages;
mod cookies;
mod delete_account;
mod docs;
mod email_change;
mod email_verification;
mod enumeration;
mod events;
mod flood;
mod guards;
mod hang_up;
mod hooks;
mod hosts;
mod limits;
mod lockout;
mod login;
mod logout;
mod lost_file;
mod mail;
mod mail_order;
mod mail_queue;
mod mail_server;
mod me;
mod mounting;
mod oauth;
mod openapi;
mod overtaken;
mod own_rows;
mod pages;
mod parity;
#[cfg(all(feature = "breach-check", feature = "strength"))]
mod password_policy;
mod permissions;
mod plans;
mod pool;
mod prepared;
mod purge;
mod reauthenticate;
mod reconnect;
mod refresh;
mod register;
mod reset;
#[cfg(feature = "jwks-client")]
mod resource_server;
mod scope;
mod search;
mod second_factor;
mod secret_rotation;
mod secure_account;
mod service;
mod sessions;
mod sign_in_pages;
#[cfg(feature = "smtp")]
mod smtp;
mod stall;
mod testing;
mod timeouts;
mod unmigrated;
mod unsent;
mod verifier;
mod within;
mod within_sqlx;
