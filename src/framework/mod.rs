//! What mounts the endpoints: one folder per framework. No decision is taken here.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
