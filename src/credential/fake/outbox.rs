use async_trait::async_trait;

use super::{FakeStore, Row};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{
        Admission, ClaimedIntent, Claims, Intent, IntentId, MailEntry, MailStatus, Ordered,
        OutboxStore, RetryMail,
    },
};

#[async_trait]
impl OutboxStore for FakeStore {
    async fn enqueue(&self, intents: &[Intent], _: Option<&Event>) -> Result<(), StoreError> {
        let rows = intents.iter().map(|intent| Row {
            intent: intent.clone(),
            ordered: None,
            attempt: 0,
            due_at: intent.created_at,
            error: None,
        });
        self.up()?.outbox.extend(rows);
        Ok(())
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Claims, StoreError> {
        let mut state = self.up()?;
        let due = state.outbox.iter_mut().filter(|row| row.due_at <= now);
        let leased = due.take(limit as usize).map(|row| {
            row.attempt += 1;
            row.due_at = lease_until;
            ClaimedIntent {
                intent: row.intent.clone(),
                ordered: row.ordered.clone(),
                ordered_at: row.intent.created_at,
                attempt: row.attempt,
                admitted: false,
                last_error: row.error.clone(),
            }
        });
        Ok(Claims {
            intents: leased.collect(),
            unreadable: Vec::new(),
        })
    }

    async fn keep_order(
        &self,
        id: IntentId,
        attempt: i32,
        ordered: &Ordered,
    ) -> Result<bool, StoreError> {
        let mut state = self.up()?;
        let mut rows = state.outbox.iter_mut();
        let held = rows.find(|row| row.intent.id == id && row.attempt == attempt);
        Ok(held.is_some_and(|row| row.ordered.replace(ordered.clone()).is_none()))
    }

    async fn complete(&self, id: IntentId, attempt: i32) -> Result<(), StoreError> {
        let mine = |row: &Row| row.intent.id == id && row.attempt == attempt;
        self.up()?.outbox.retain(|row| !mine(row));
        Ok(())
    }

    async fn postpone(
        &self,
        id: IntentId,
        attempt: i32,
        _: Timestamp,
        due_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        for row in &mut self.up()?.outbox {
            if row.intent.id == id && row.attempt == attempt {
                row.due_at = due_at;
                row.error = Some(error.to_owned());
            }
        }
        Ok(())
    }

    async fn mark_dead(&self, id: IntentId, attempt: i32, error: &str) -> Result<(), StoreError> {
        let mut state = self.up()?;
        state.buried.push(error.to_owned());
        let mine = |row: &Row| row.intent.id == id && row.attempt == attempt;
        state.outbox.retain(|row| !mine(row));
        Ok(())
    }

    async fn admit(&self, _: IntentId, _: i32, _: &Admission) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn list_mail(
        &self,
        _: Option<MailStatus>,
        _: Option<IntentId>,
        _: u32,
    ) -> Result<Vec<MailEntry>, StoreError> {
        unimplemented!()
    }

    async fn bring_forward(
        &self,
        now: Timestamp,
        beyond: Timestamp,
        asked_from: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut state = self.up()?;
        let waits = |row: &&mut Row| row.due_at > beyond && row.intent.created_at >= asked_from;
        let rows = state.outbox.iter_mut().filter(waits).take(limit as usize);
        Ok(rows.map(|row| row.due_at = now).count() as u64)
    }

    async fn retry_mail(
        &self,
        _: IntentId,
        _: IntentId,
        _: Timestamp,
        _: &Event,
    ) -> Result<RetryMail, StoreError> {
        unimplemented!()
    }

    async fn purge_mail(&self, _: Timestamp, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}
