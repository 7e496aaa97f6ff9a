//! The signals that stop the server, and the time limit for stopping.

use std::{io, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

/// How long requests in flight may take. Background work and closing the database take at most 3 more seconds, so the
/// server stops within ten seconds.
pub(crate) const DRAIN: Duration = Duration::from_secs(6);

/// Completes on SIGTERM or SIGINT. From this call on, these signals no longer end the process by themselves.
///
/// # Errors
/// If the signals cannot be caught.
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
