use std::{
    future::pending,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::{
    clock::{Clock as _, SystemClock},
    event::{ClientInfo, EventId, EventKind},
};

/// A configurable sink that records its events.
#[derive(Debug, Default)]
struct Scripted {
    got: Mutex<Vec<EventId>>,
    stalls: AtomicBool,
    /// Panics on every n-th event.
    panics: AtomicUsize,
    calls: AtomicUsize,
}

impl Scripted {
    fn got(&self) -> Vec<EventId> {
        self.got.lock().unwrap().clone()
    }
}

#[async_trait]
impl Sink for Scripted {
    async fn send(&self, event: &Event) {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.stalls.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        let every = self.panics.load(Ordering::SeqCst);
        assert!(
            every == 0 || !call.is_multiple_of(every),
            "panicking by design"
        );
        self.got.lock().unwrap().push(event.id);
    }
}

fn queue() -> (Queue, Arc<Scripted>) {
    let sink = Arc::new(Scripted::default());
    (Queue::new(sink.clone()), sink)
}

fn push(queue: &Queue) -> EventId {
    let event = Event::new(
        EventKind::SignedIn,
        SystemClock.now(),
        &ClientInfo::default(),
    );
    queue.push(&event);
    event.id
}

fn push_many(queue: &Queue, count: usize) -> Vec<EventId> {
    (0..count).map(|_| push(queue)).collect()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[tokio::test]
async fn a_sink_gets_every_event_in_order() {
    let (queue, sink) = queue();
    let mut pushed = push_many(&queue, 3);
    queue.flush().await;
    // The task has ended; the next event starts another.
    pushed.extend(push_many(&queue, 2));
    queue.flush().await;
    assert_eq!(sink.got(), pushed);
    assert_eq!(queue.dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_sink_misses_events_and_gets_later_ones() {
    let (queue, sink) = queue();
    sink.stalls.store(true, Ordering::SeqCst);
    push_many(&queue, CAPACITY + 10);
    assert_eq!(queue.dropped(), 10, "an event beyond the queue");
    queue.flush().await;
    assert_eq!(queue.dropped(), CAPACITY as u64 + 10);
    sink.stalls.store(false, Ordering::SeqCst);
    let later = push(&queue);
    queue.flush().await;
    assert_eq!(sink.got(), [later]);
}

#[tokio::test]
async fn a_panicking_sink_misses_only_what_it_panics_on() {
    let (queue, sink) = queue();
    sink.panics.store(2, Ordering::SeqCst);
    let pushed = push_many(&queue, 6);
    queue.flush().await;
    assert_eq!(sink.got(), [pushed[0], pushed[2], pushed[4]]);
    assert_eq!(queue.dropped(), 3);
}

#[test]
fn a_queue_outlives_its_runtime() {
    let (queue, sink) = queue();
    let early = push(&queue);
    assert!(sink.got().is_empty(), "there is no runtime");
    let first = runtime();
    let next = first.block_on(async {
        let next = push(&queue);
        queue.flush().await;
        next
    });
    assert_eq!(sink.got(), [early, next]);

    sink.stalls.store(true, Ordering::SeqCst);
    let waiting = first.block_on(async {
        push(&queue);
        let waiting = push(&queue);
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        waiting
    });
    drop(first);
    assert_eq!(queue.dropped(), 1, "the event being sent");
    sink.stalls.store(false, Ordering::SeqCst);
    let last = runtime().block_on(async {
        let last = push(&queue);
        queue.flush().await;
        last
    });
    assert_eq!(sink.got(), [early, next, waiting, last]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_event_is_lost_between_two_tasks() {
    let (queue, sink) = queue();
    let pushing: Vec<_> = (0..8)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    push(&queue);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in pushing {
        task.await.unwrap();
    }
    queue.flush().await;
    assert_eq!(sink.got().len(), 800);
    assert_eq!(queue.dropped(), 0);
}

#[test]
fn a_warning_comes_once_a_minute() {
    let mut state = State::default();
    let start = Instant::now();
    assert_eq!(state.drop_one(start), Some(1));
    assert_eq!(state.drop_one(start + BETWEEN_WARNINGS / 2), None);
    assert_eq!(state.drop_one(start + BETWEEN_WARNINGS), Some(3));
}
