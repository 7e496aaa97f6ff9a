//! The host's event sinks.

use async_trait::async_trait;

use super::{Event, Outcome};

/// Receives every event that the audit trail records, for example to log it, count it or raise an
/// alarm.
///
/// Each sink has its own queue of 1,024 events and its own task, so that no sink delays a request.
/// If the queue is full, or the sink takes more than 10 seconds or panics, the event is dropped for
/// this sink, and [counted](crate::Auth::dropped_events). The audit trail in the database still
/// contains the event. A sink gets one event at a time. Events that are still queued when the
/// process ends are not sent. [`Auth::flush_events`](crate::Auth::flush_events) waits until the
/// queues are empty.
///
/// ```
/// use hallpass::event::{Event, Outcome, Sink};
///
/// #[derive(Debug)]
/// struct Alarm;
///
/// #[async_trait::async_trait]
/// impl Sink for Alarm {
///     async fn send(&self, event: &Event) {
///         if event.outcome == Outcome::Failure {
///             // ... ring a bell ...
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Sink: std::fmt::Debug + Send + Sync + 'static {
    /// Sends one event. The sink has to handle its own errors. Like all async code, it must not block its thread.
    async fn send(&self, event: &Event);
}

/// Writes events to [`tracing`], with the target `hallpass::event`: failures at the level `WARN`,
/// all others at `INFO`.
///
/// This sink is always active and needs no queue. To switch it off, filter out the target.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TracingSink;

impl TracingSink {
    pub(crate) fn write(event: &Event) {
        macro_rules! write {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    target: "hallpass::event",
                    id = %event.id,
                    kind = event.kind.as_str(),
                    user_id = event.user_id.map(tracing::field::display),
                    actor_id = event.actor_id.map(tracing::field::display),
                    ip = event.client.ip.map(tracing::field::display),
                    request_id = event.client.request_id,
                    detail = %serde_json::Value::Object(event.detail.clone()),
                    $message
                )
            };
        }
        match event.outcome {
            Outcome::Success => write!(info, "done"),
            Outcome::Failure => write!(warn, "refused"),
        }
    }
}

#[async_trait]
impl Sink for TracingSink {
    async fn send(&self, event: &Event) {
        Self::write(event);
    }
}
