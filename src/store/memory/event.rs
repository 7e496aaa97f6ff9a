//! The audit trail in memory.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::{
    error::StoreError,
    event::{Event, EventFilter, EventId},
    store::EventStore,
    user::UserId,
};

impl State {
    /// Writes the event of a change that affects this user.
    pub(super) fn record(&mut self, event: &Event, user: Option<UserId>) {
        let mut event = event.clone();
        event.user_id = event.user_id.or(user);
        self.events.insert(event.id, event);
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn record_event(&self, event: &Event) -> Result<(), StoreError> {
        self.state().record(event, None);
        Ok(())
    }

    async fn list_events(
        &self,
        filter: &EventFilter,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let state = self.state();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(state
            .events
            .values()
            .rev()
            .filter(|event| after.is_none_or(|after| event.id < after))
            .filter(|event| matches(filter, event))
            .take(limit)
            .cloned()
            .collect())
    }
}

fn matches(filter: &EventFilter, event: &Event) -> bool {
    filter
        .user_id
        .is_none_or(|user| event.user_id == Some(user))
        && filter.kind.is_none_or(|kind| event.kind == kind)
}
