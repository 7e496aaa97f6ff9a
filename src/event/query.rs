//! Audit trail queries.

use super::EventKind;
use crate::id::UserId;

/// The filter of events. The default matches all events.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct EventFilter {
    /// Only events about this user.
    pub user_id: Option<UserId>,
    /// Only events of this kind.
    pub kind: Option<EventKind>,
}

/// Selects a page of events. By default, this is the first page of all events, with up to 50
/// events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventQuery {
    /// The filter.
    pub filter: EventFilter,
    /// The maximum number of events: 1 to 200, 50 by default.
    pub limit: u32,
    /// The start of the page: the `next_cursor` of a page with the same filter.
    pub cursor: Option<String>,
}

impl Default for EventQuery {
    fn default() -> Self {
        Self {
            filter: EventFilter::default(),
            limit: 50,
            cursor: None,
        }
    }
}

impl EventQuery {
    /// The first page of the events that match the filter.
    #[must_use]
    pub fn new(filter: EventFilter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }
}
