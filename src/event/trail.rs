use super::{Event, Outcome};

/// Tells those who listen what has been written to the audit trail. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(());

impl Trail {
    /// Tells of an event that the store has written.
    #[allow(clippy::unused_self, reason = "the sinks will be here")]
    pub(crate) fn publish(&self, event: &Event) {
        let kind = event.kind.as_str();
        let (user, actor) = (event.user_id, event.actor_id);
        match event.outcome {
            Outcome::Success => {
                tracing::info!(target: "hallpass::event", kind, ?user, ?actor, "done");
            }
            Outcome::Failure => {
                tracing::warn!(target: "hallpass::event", kind, ?user, ?actor, "refused");
            }
        }
    }
}
