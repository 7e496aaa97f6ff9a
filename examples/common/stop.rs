//! When and how long to stop.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// How long requests in flight may take; with the mails' share well below ten seconds.
pub(crate) const DRAIN: Duration = Duration::from_secs(6);

/// Completes on SIGTERM or SIGINT.
pub(crate) async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
