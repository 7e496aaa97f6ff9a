//! What the tests stand on.

pub(crate) mod db;
mod postgres;
