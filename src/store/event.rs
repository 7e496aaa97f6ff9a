//! The store trait for the audit trail.

use async_trait::async_trait;

use crate::{
    error::StoreError,
    event::{Event, EventFilter, EventId},
};

/// Keeps the audit trail. Part of [`Store`](crate::store::Store).
///
/// Most events are written by the methods that change something. Each of these methods takes an event, and writes the
/// event and the change together or not at all. If such an event has no user, the store fills in the user whom the
/// change concerns.
#[async_trait]
pub trait EventStore: std::fmt::Debug + Send + Sync {
    /// Writes an event that reports no change, such as a refused sign-in.
    ///
    /// # Contract
    /// Once this call has returned, [`list_events`](Self::list_events) finds the event.
    ///
    /// # Errors
    /// If the database fails.
    async fn record_event(&self, event: &Event) -> Result<(), StoreError>;

    /// Returns at most `limit` events by descending id. If `after` is given, only events with a lower id are returned.
    ///
    /// # Contract
    /// A page costs the same at any depth.
    ///
    /// # Errors
    /// If the database fails.
    async fn list_events(
        &self,
        filter: &EventFilter,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError>;
}
