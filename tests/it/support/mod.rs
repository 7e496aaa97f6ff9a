//! What the tests stand on.

#[allow(dead_code, reason = "stopping is for the tests of the servers")]
mod cluster;
pub(crate) mod db;
mod postgres;
