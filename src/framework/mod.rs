//! Adapters that mount the endpoints, one folder per framework. They take no decision.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
