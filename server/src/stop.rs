//! When and how long to stop.

use std::{io, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

/// How long requests in flight may take; with the mails' share well below ten seconds.
pub(crate) const DRAIN: Duration = Duration::from_secs(6);

/// Completes on SIGTERM or SIGINT. From this call on they do not end the process by themselves.
///
/// # Errors
/// The system does not let them be caught.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
