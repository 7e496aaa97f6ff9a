//! Keeping a session and ending it: refresh, log out, log out everywhere.

#[cfg(feature = "http")]
pub(crate) mod http;
