//! The store trait for the audit trail.

use async_trait::async_trait;

use crate::{
    error::StoreError,
    event::{Event, EventFilter, EventId},
};

/// Keeps the audit trail. Part of [`Store`](crate::store::Store).
///
/// Most events are written by the methods that change something: each takes the event of its fact, and writes it with
/// the fact or not at all. Where such an event has no user, the store fills in the user of the fact.
#[async_trait]
pub trait EventStore: std::fmt::Debug + Send + Sync {
    /// Writes an event that comes with no change, such as a refused sign-in.
    ///
    /// # Contract
    /// When this has returned, [`list_events`](Self::list_events) finds it.
    ///
    /// # Errors
    /// If the database fails.
    async fn record_event(&self, event: &Event) -> Result<(), StoreError>;

    /// Events by descending id, at most `limit`, those below `after` if it is given.
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
