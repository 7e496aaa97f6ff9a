use std::sync::Arc;

use super::{Event, EventStore, Outcome, address::AddressKey};
use crate::{error::StoreError, secret::Secrets};

/// Tells those who listen what has been written to the audit trail. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    addresses: AddressKey,
}

impl Trail {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self(Arc::new(Inner {
            addresses: AddressKey::new(secrets),
        }))
    }

    /// Says which address an event is about, as a keyed digest.
    pub(crate) fn about(&self, event: Event, canonical: &str) -> Event {
        event.with("address", self.0.addresses.digest(canonical))
    }

    /// Writes an event that comes with no change, and tells of it.
    pub(crate) async fn record(
        &self,
        store: &dyn EventStore,
        event: &Event,
    ) -> Result<(), StoreError> {
        store.record_event(event).await?;
        self.publish(event);
        Ok(())
    }

    /// Tells of an event that the store has written.
    #[allow(clippy::unused_self, reason = "the sinks will be here")]
    pub(crate) fn publish(&self, event: &Event) {
        let kind = event.kind.as_str();
        let (user, actor) = (event.user_id, event.actor_id);
        match event.outcome {
            Outcome::Success => {
                tracing::info!(target: "hallpass::event", kind, ?user, ?actor, "done");
            }
            Outcome::Failure => {
                tracing::warn!(target: "hallpass::event", kind, ?user, ?actor, "refused");
            }
        }
    }
}
