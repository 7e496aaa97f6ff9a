use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{ClaimedIntent, Intent, IntentId, OutboxStore, Recipient},
    user::UserId,
};

#[derive(Debug)]
pub(super) struct OutboxRow {
    intent: Intent,
    /// When it is to be sent; while it is leased, when the lease ends.
    due_at: Timestamp,
    attempts: i32,
    last_error: Option<String>,
}

impl State {
    /// Writes the mails of a fact about this user.
    pub(super) fn order<'a>(
        &mut self,
        intents: impl IntoIterator<Item = &'a Intent>,
        user: Option<UserId>,
    ) {
        for intent in intents {
            let Some(recipient) = intent.recipient.of(user) else {
                continue;
            };
            let row = OutboxRow {
                intent: Intent {
                    recipient,
                    ..intent.clone()
                },
                due_at: intent.created_at,
                attempts: 0,
                last_error: None,
            };
            self.outbox.insert(intent.id, row);
        }
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn enqueue(&self, intents: &[Intent], event: Option<&Event>) -> Result<(), StoreError> {
        let mut state = self.state();
        state.order(intents, None);
        if let Some(event) = event {
            let user = intents.first().and_then(|intent| match &intent.recipient {
                Recipient::Holder(address) => state.addresses.get(address.canonical()).copied(),
                Recipient::NewAddress(user, _) | Recipient::User(user) => Some(*user),
                Recipient::UserOfFact => None,
            });
            state.record(event, user);
        }
        Ok(())
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedIntent>, StoreError> {
        let mut state = self.state();
        let rows = state.outbox.values_mut();
        let mut due: Vec<&mut OutboxRow> = rows.filter(|row| row.due_at <= now).collect();
        due.sort_by_key(|row| (row.due_at, row.intent.id));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(due
            .into_iter()
            .take(limit)
            .map(|row| {
                row.due_at = lease_until;
                row.attempts = row.attempts.saturating_add(1);
                ClaimedIntent {
                    intent: row.intent.clone(),
                    attempt: row.attempts,
                }
            })
            .collect())
    }

    async fn complete(&self, id: IntentId, attempt: i32) -> Result<(), StoreError> {
        let mut state = self.state();
        let held = state.outbox.get(&id);
        if held.is_some_and(|row| row.attempts == attempt) {
            state.outbox.remove(&id);
        }
        Ok(())
    }

    async fn postpone(
        &self,
        id: IntentId,
        attempt: i32,
        due_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let held = state.outbox.get_mut(&id);
        if let Some(row) = held.filter(|row| row.attempts == attempt) {
            row.due_at = due_at;
            row.last_error = Some(error.to_owned());
        }
        Ok(())
    }
}
