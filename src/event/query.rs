//! Queries of the audit trail.

use super::EventKind;
use crate::id::UserId;

/// The filter of events. The default is all of them.
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

/// A page of events. The default is the first fifty of all.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventQuery {
    /// The filter.
    pub filter: EventFilter,
    /// How many at most: 1 to 200, 50 by default.
    pub limit: u32,
    /// Where the page begins: the `next_cursor` of a page of the same filter.
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
    /// The first page of these events.
    #[must_use]
    pub fn new(filter: EventFilter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }
}
