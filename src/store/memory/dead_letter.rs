//! Dead letters in memory.

use async_trait::async_trait;

use super::{MemoryStore, State, outbox::OutboxRow};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{Intent, IntentId, MailEntry, MailStatus, Recipient, RetriedMail, RetryMail},
    outbox::holds_from,
    store::DeadLetterStore,
    user::UserId,
};

#[async_trait]
impl DeadLetterStore for MemoryStore {
    async fn list_mail(
        &self,
        status: Option<MailStatus>,
        after: Option<IntentId>,
        limit: u32,
    ) -> Result<Vec<MailEntry>, StoreError> {
        let state = self.state();
        let mut rows: Vec<&OutboxRow> = state
            .outbox
            .values()
            .filter(|row| status.is_none_or(|status| row.status == status))
            .filter(|row| after.is_none_or(|after| row.intent.id < after))
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.intent.id));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(rows
            .into_iter()
            .take(limit)
            .map(|row| state.entry(row))
            .collect())
    }

    async fn retry_mail(
        &self,
        id: IntentId,
        new: IntentId,
        now: Timestamp,
        event: &Event,
    ) -> Result<RetryMail, StoreError> {
        let mut state = self.state();
        let Some(row) = state.outbox.get(&id) else {
            return Ok(RetryMail::NotFound);
        };
        if row.status != MailStatus::Dead {
            return Ok(RetryMail::Pending);
        }
        let Some(dead) = state.outbox.remove(&id) else {
            return Ok(RetryMail::NotFound);
        };
        let retried = RetriedMail {
            letter: dead.intent.letter.as_str().to_owned(),
            user_id: dead.user_id(),
        };
        let intent = Intent {
            id: new,
            created_at: now,
            not_after: now + (dead.intent.not_after - dead.intent.created_at),
            ..dead.intent
        };
        let row = OutboxRow {
            due_at: now,
            holds_from: holds_from(intent.created_at),
            attempts: 0,
            status: MailStatus::Pending,
            intent,
            ..dead
        };
        state.outbox.insert(new, row);
        state.record(&retried.noted_on(event), None);
        Ok(RetryMail::Retried(retried))
    }
}

impl State {
    fn entry(&self, row: &OutboxRow) -> MailEntry {
        let address = |user: &UserId| Some(self.users.get(user)?.user.email.clone());
        let ordered = || Some(row.ordered.as_ref()?.address.clone());
        let (recipient, user_id) = match &row.intent.recipient {
            Recipient::Holder(asked) => (Some(asked.clone()), None),
            Recipient::NewAddress(user, new) => (Some(new.clone()), Some(*user)),
            Recipient::User(user) => (ordered().or_else(|| address(user)), Some(*user)),
            Recipient::UserOfFact => (None, None),
        };
        MailEntry {
            id: row.intent.id,
            letter: row.intent.letter.as_str().to_owned(),
            recipient,
            user_id,
            status: row.status,
            attempts: row.attempts,
            last_error: row.last_error.clone(),
            created_at: row.intent.created_at,
            due_at: row.due_at,
        }
    }
}
