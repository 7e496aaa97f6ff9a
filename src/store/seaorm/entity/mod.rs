//! The tables as SeaORM entities, for a host's own relations and queries.
//!
//! Read through them as you like; write through the [store traits](crate::store), which keep the tables true.
#![allow(
    missing_docs,
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "the derives make most of it, and a table is what its migration says"
)]

pub mod event;
pub mod identity;
pub mod oauth_flow;
pub mod one_time_token;
pub mod outbox;
pub mod session;
pub mod user;
