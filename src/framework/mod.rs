//! Adapters that mount the endpoints, one folder per framework. They make no decisions.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
