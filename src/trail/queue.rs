//! The queue of events for one sink.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::Notify, time::timeout};

use crate::event::{Event, Sink};

/// The maximum number of events that wait for a sink.
const CAPACITY: usize = 1024;
/// How long a sink may take to process one event.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);

/// A bounded queue in front of a sink. A task sends the waiting events, and ends when no event waits, so that an idle
/// queue needs no runtime.
#[derive(Clone, Debug)]
pub(super) struct Queue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sink: Arc<dyn Sink>,
    state: Mutex<State>,
    /// Notified when the task ends.
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    /// Whether a task is running.
    is_sending: bool,
    dropped: u64,
    warned_at: Option<Instant>,
}

impl Queue {
    pub(super) fn new(sink: Arc<dyn Sink>) -> Self {
        Self(Arc::new(Inner {
            sink,
            state: Mutex::default(),
            ended: Notify::new(),
        }))
    }

    /// Queues an event, or drops it if the queue is full. It never waits.
    pub(super) fn push(&self, event: &Event) {
        if !self.0.state().take_in(event) {
            self.drop_one("its queue is full");
        }
        self.start();
    }

    /// The number of events that the sink has missed.
    pub(super) fn dropped(&self) -> u64 {
        self.0.state().dropped
    }

    /// Waits until the queue is empty.
    pub(super) async fn flush(&self) {
        loop {
            let mut ended = std::pin::pin!(self.0.ended.notified());
            ended.as_mut().enable();
            self.start();
            if !self.0.state().is_sending {
                return;
            }
            ended.await;
        }
    }

    /// Ensures that a task sends the waiting events. A task cannot be started outside a runtime; in that case, the next
    /// call inside a runtime starts it.
    fn start(&self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut state = self.0.state();
        if state.is_sending || state.waiting.is_empty() {
            return;
        }
        state.is_sending = true;
        drop(state);
        // If the runtime is ending, the task may never run. It is then dropped, and its `Drop` allows another task to
        // start.
        let task = Task {
            queue: self.clone(),
            has_event: false,
            is_over: false,
        };
        runtime.spawn(task.send_all());
    }

    async fn send(&self, event: Event) {
        let sink = Arc::clone(&self.0.sink);
        // Each event is sent in its own task, so that a panic ends only that task.
        let mut sending = tokio::spawn(async move { sink.send(&event).await });
        let reason = match timeout(PATIENCE, &mut sending).await {
            Ok(Ok(())) => return,
            Ok(Err(_)) => "it panicked",
            Err(_) => {
                sending.abort();
                "it took too long"
            }
        };
        self.drop_one(reason);
    }

    fn drop_one(&self, reason: &str) {
        // The lock is released before anything is logged, because the log may run the sink's own code.
        let warn_of = self.0.state().drop_one(Instant::now());
        if let Some(dropped) = warn_of {
            let sink = &self.0.sink;
            tracing::warn!(?sink, dropped, reason, "an event was dropped for a sink");
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // No change of the state can panic halfway, so the state is consistent even if the lock is
        // poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Queues the event if there is room, and returns whether there was room.
    fn take_in(&mut self, event: &Event) -> bool {
        let has_room = self.waiting.len() < CAPACITY;
        if has_room {
            self.waiting.push_back(event.clone());
        }
        has_room
    }

    /// Counts one dropped event, and returns the count if the next warning is due.
    fn drop_one(&mut self, now: Instant) -> Option<u64> {
        self.dropped += 1;
        let is_time = self
            .warned_at
            .is_none_or(|at| now.duration_since(at) >= BETWEEN_WARNINGS);
        is_time.then(|| {
            self.warned_at = Some(now);
            self.dropped
        })
    }
}

/// The task that sends events. If its runtime ends first, the waiting events are left to the next task.
struct Task {
    queue: Queue,
    has_event: bool,
    is_over: bool,
}

impl Task {
    async fn send_all(mut self) {
        while let Some(event) = self.next() {
            self.queue.send(event).await;
        }
    }

    /// The next event. If there is none, the task ends, and the next queued event starts another one.
    fn next(&mut self) -> Option<Event> {
        let mut state = self.queue.0.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.is_sending = false;
        }
        self.has_event = next.is_some();
        self.is_over = next.is_none();
        next
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.is_over {
            self.queue.0.state().is_sending = false;
        }
        if self.has_event {
            self.queue.drop_one("its runtime ended");
        }
        self.queue.0.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
