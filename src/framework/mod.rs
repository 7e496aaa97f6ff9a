//! Adapters that mount the endpoints, one folder per framework. They decide nothing themselves.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
