//! Waits for a condition. The deadline only ends a hang; normally the condition holds long before it.

use std::{
    thread,
    time::{Duration, Instant},
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(5);

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "timed out: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The same, on a blocking thread.
#[track_caller]
pub(crate) fn block_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "timed out: {what}");
        thread::sleep(PAUSE);
    }
}
