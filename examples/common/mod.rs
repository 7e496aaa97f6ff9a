//! What the two example servers share: everything but the web framework.

mod connection;
mod cors;
mod descriptors;
mod providers;
mod secret;
mod settings;
mod start;
mod stop;

pub(crate) use self::{
    connection::{Connection, listen},
    cors::{Cors, Judged},
    descriptors::connections,
    settings::Settings,
    start::start,
    stop::{DRAIN, stop_signal},
};
