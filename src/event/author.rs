use super::{ClientInfo, Event, EventKind};
use crate::{clock::Timestamp, id::UserId};

/// Who changes something, from where, and when: what the events of the change have in common.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct Author {
    /// Who does it; `None` if that is not known.
    pub actor_id: Option<UserId>,
    /// From where.
    pub client: ClientInfo,
    /// When.
    pub now: Timestamp,
}

impl Author {
    /// An event of theirs.
    #[must_use]
    pub fn event(&self, kind: EventKind) -> Event {
        Event {
            actor_id: self.actor_id,
            ..Event::new(kind, &self.client, self.now)
        }
    }
}
