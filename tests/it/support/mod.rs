//! What the tests stand on.

pub(crate) mod app;
#[allow(dead_code, reason = "stopping is for the tests of the servers")]
mod cluster;
pub(crate) mod db;
pub(crate) mod http;
pub(crate) mod plans;
mod postgres;
#[cfg(feature = "axum")]
#[cfg(feature = "smtp")]
pub(crate) mod transcript;
