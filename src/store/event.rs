//! The store trait for the audit trail.

use async_trait::async_trait;

use crate::{
    error::StoreError,
    event::{Event, EventFilter, EventId},
};

/// Keeps the audit trail. This trait is part of [`Store`](crate::store::Store).
///
/// Most events are written by the methods that change something. Each of these methods takes an
/// event, and writes the event and the change together or not at all. If such an event has no user,
/// the store fills in the user whom the change affects.
#[async_trait]
pub trait EventStore: std::fmt::Debug + Send + Sync {
    /// Writes an event that is not part of a change, such as a refused sign-in.
    ///
    /// # Contract
    /// Once this call has returned, [`list_events`](Self::list_events) finds the event.
    ///
    /// # Errors
    /// If the database fails.
    async fn record_event(&self, event: &Event) -> Result<(), StoreError>;

    /// Returns at most `limit` events, in descending order of id. If `after` is given, only events
    /// with a lower id are returned.
    ///
    /// # Contract
    /// The cost of a page does not depend on its position in the list.
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
