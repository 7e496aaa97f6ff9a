//! The author of an action.

use super::{ClientInfo, Event, EventKind};
use crate::{clock::Timestamp, id::UserId};

/// The author of an action, and the client from which the action came. Both are unknown by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Author {
    /// The user; `None` if the author is unknown or has no account.
    pub actor_id: Option<UserId>,
    /// The client that performed the action.
    pub client: ClientInfo,
}

impl Author {
    /// An event by this author.
    #[must_use]
    pub fn event(&self, kind: EventKind, now: Timestamp) -> Event {
        Event {
            actor_id: self.actor_id,
            ..Event::new(kind, now, &self.client)
        }
    }
}
