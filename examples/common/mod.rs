//! What the two example servers share: everything but the web framework.

mod providers;
mod secret;
mod settings;
mod start;
mod stop;

pub(crate) use self::{
    settings::Settings,
    start::start,
    stop::{DRAIN, stop_signal},
};
