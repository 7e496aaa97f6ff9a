//! The tables as SeaORM entities, for a host's own relations and queries.
//!
//! Use the entities only for reading. Write through the [store traits](crate::store), which keep the tables consistent.
#![allow(
    missing_docs,
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "the derives generate most of it, and the migrations describe the tables"
)]

pub mod event;
pub mod identity;
pub mod oauth_flow;
pub mod one_time_token;
pub mod outbox;
pub mod session;
pub mod user;
