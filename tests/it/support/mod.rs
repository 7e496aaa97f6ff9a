//! Shared support of the tests.

#[cfg(feature = "smtp")]
pub(crate) mod aiosmtpd;
pub(crate) mod app;
pub(crate) mod authenticator;
pub(crate) mod browser;
#[cfg(feature = "smtp")]
#[path = "../../../src/mail/smtp/tests/certificates.rs"]
#[allow(
    dead_code,
    reason = "certificates that do not hold are for the tests of the mailer"
)]
mod certificates;
#[allow(dead_code, reason = "some of it is for the tests of the servers")]
pub(crate) mod cluster;
pub(crate) mod db;
pub(crate) mod foreign_apps;
pub(crate) mod github;
pub(crate) mod http;
pub(crate) mod lines;
pub(crate) mod patience;
pub(crate) mod plans;
mod port;
mod postgres;
pub(crate) mod provider;
#[cfg(feature = "breach-check")]
pub(crate) mod ranges;
pub(crate) mod skip;
mod totp;
#[cfg(feature = "axum")]
#[cfg(feature = "smtp")]
pub(crate) mod transcript;
pub(crate) mod visitor;
