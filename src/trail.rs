//! Delivers events: first to the audit trail, then to the sinks.

mod address_digest;
mod queue;

use std::sync::Arc;

use self::{address_digest::AddressKey, queue::Queue};
use crate::{
    error::StoreError,
    event::{Event, Sink, TracingSink},
    secret::Secrets,
    store::EventStore,
};

/// Publishes events that have been written to the audit trail. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn EventStore>,
    addresses: AddressKey,
    sinks: Vec<Queue>,
}

impl Trail {
    pub(crate) fn new(
        store: Arc<dyn EventStore>,
        secrets: &Secrets,
        sinks: Vec<Arc<dyn Sink>>,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            addresses: AddressKey::new(secrets),
            sinks: sinks.into_iter().map(Queue::new).collect(),
        }))
    }

    /// Adds a keyed digest of the address that an event concerns.
    pub(crate) fn about(&self, event: Event, canonical: &str) -> Event {
        event.with("address", self.0.addresses.digest(canonical))
    }

    /// Writes an event that reports no change, and publishes it.
    pub(crate) async fn record(&self, event: &Event) -> Result<(), StoreError> {
        self.0.store.record_event(event).await?;
        self.publish(event);
        Ok(())
    }

    /// Publishes an event that the store has written. It never waits.
    pub(crate) fn publish(&self, event: &Event) {
        TracingSink::write(event);
        for sink in &self.0.sinks {
            sink.push(event);
        }
    }

    /// The number of events that the sinks have missed.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.sinks.iter().map(Queue::dropped).sum()
    }

    /// Waits until the sinks have received or missed all published events.
    pub(crate) async fn flush(&self) {
        for sink in &self.0.sinks {
            sink.flush().await;
        }
    }
}
