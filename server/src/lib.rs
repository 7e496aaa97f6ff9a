//! The user service as a program, on axum or actix: its settings, and how it starts, serves and stops.
//!
//! ```no_run
//! use hallpass_server::{Failure, Listener, Settings, arguments, start, stop_signal};
//!
//! # async fn run() -> Result<(), Failure> {
//! let settings: Settings = arguments()?;
//! let app = start(&settings).await?;
//! let listener = Listener::open(&settings)?;
//! app.announce(&listener, &settings)?;
//! hallpass_server::axum::serve(listener, app.auth(), &settings, stop_signal()?).await;
//! app.finish().await;
//! # Ok(())
//! # }
//! ```

pub mod actix;
pub mod axum;

mod announce;
mod arguments;
mod banner;
mod connection;
mod cors;
mod descriptors;
mod endpoints;
mod failure;
mod letters;
mod listener;
mod log;
mod printable;
mod secret;
mod settings;
mod start;
mod stop;

pub use self::{
    arguments::arguments,
    failure::Failure,
    listener::Listener,
    settings::Settings,
    start::{App, start},
    stop::stop_signal,
};
