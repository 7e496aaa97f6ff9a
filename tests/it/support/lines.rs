//! The log lines of one thread.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};

use tracing::{Dispatch, subscriber::DefaultGuard};

/// The lines that are logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Takes the lines of this thread, until the guard is dropped.
    pub(crate) fn listen(&self) -> DefaultGuard {
        // With one dispatcher in the process, tracing asks only the thread that reaches a call site first, and keeps its
        // answer.
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Self::default().dispatch());
        let guard = tracing::dispatcher::set_default(&self.dispatch());
        tracing::callsite::rebuild_interest_cache();
        guard
    }

    fn dispatch(&self) -> Dispatch {
        let lines = self.clone();
        let fmt = tracing_subscriber::fmt().with_ansi(false).without_time();
        Dispatch::new(fmt.with_writer(move || lines.clone()).finish())
    }

    /// The lines since the last call.
    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}
