//! Listing the audit trail.

use super::{Administration, list::check_limit};
use crate::{
    error::Result,
    event::{Event, EventFilter, EventQuery},
    user::{Page, UserId},
};

impl Administration {
    /// A page of the audit trail, newest first. An event is listed as soon as the call that caused the event has been
    /// answered.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for a limit out of range, an
    /// invalid cursor, or a cursor for another filter.
    pub async fn list_events(&self, query: &EventQuery) -> Result<Page<Event>> {
        check_limit(query.limit)?;
        let (cursors, filter) = (&self.event_cursors, bytes(&query.filter));
        let after = cursors.after(query.cursor.as_deref(), &filter)?;
        let events = self
            .core
            .store
            .list_events(&query.filter, after, query.limit + 1)
            .await?;
        cursors.page(events, query.limit, &filter, |event| event.id.as_uuid())
    }
}

/// An unambiguous encoding of the filter. The first byte indicates whether an id follows, and every id
/// has the same length.
fn bytes(filter: &EventFilter) -> Vec<u8> {
    let user = filter.user_id.map(UserId::as_uuid);
    let user = user.as_ref().map_or(&[][..], |user| user.as_bytes());
    let kind = filter.kind.map_or("", |kind| kind.as_str());
    [&[u8::from(filter.user_id.is_some())], user, kind.as_bytes()].concat()
}
