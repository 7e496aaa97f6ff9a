//! Reading one's own account.

use super::Accounts;
use crate::{
    error::Result,
    event::{ClientInfo, Event, EventFilter, EventId},
    store::AccountOverview,
    token::ActiveUser,
};

impl Accounts {
    /// Everything that belongs to the caller's account, read at once.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) while the database is unreachable.
    pub async fn overview(&self, caller: &ActiveUser) -> Result<AccountOverview> {
        let now = self.core.clock.now();
        Ok(self.core.store.account(caller.user.id, now).await?)
    }

    /// The events about the caller, newest first: at most `limit`, and only those before the event `before` if it is
    /// given. If an administrator acted on the account, the administrator's client is left out.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) while the database is unreachable.
    pub async fn events(
        &self,
        caller: &ActiveUser,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Event>> {
        let filter = EventFilter {
            user_id: Some(caller.user.id),
            ..EventFilter::default()
        };
        let store = &self.core.store;
        let mut events = store.list_events(&filter, before, limit).await?;
        for event in &mut events {
            if event.actor_id.is_some_and(|actor| actor != caller.user.id) {
                event.client = ClientInfo::default();
            }
        }
        Ok(events)
    }
}
