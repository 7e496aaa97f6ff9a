//! The outbox in memory.

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::{
        Admission, ClaimedIntent, Claims, Intent, IntentId, LetterKind, MailStatus, Ordered,
        Recipient,
    },
    outbox::holds_from,
    store::OutboxStore,
    user::UserId,
};

#[derive(Debug)]
pub(super) struct OutboxRow {
    pub(super) intent: Intent,
    pub(super) ordered: Option<Ordered>,
    pub(super) ordered_at: Timestamp,
    /// The time at which the email is due or, while the email is leased, at which the lease
    /// expires.
    pub(super) due_at: Timestamp,
    /// If the clock shows an earlier time than this, the clock was set back, and the email is due.
    pub(super) holds_from: Timestamp,
    pub(super) attempts: i32,
    pub(super) status: MailStatus,
    pub(super) admitted: bool,
    pub(super) last_error: Option<String>,
}

impl OutboxRow {
    pub(super) fn user_id(&self) -> Option<UserId> {
        match &self.intent.recipient {
            Recipient::NewAddress(user, _) | Recipient::User(user) => Some(*user),
            _ => Some(self.ordered.as_ref()?.user_id),
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.status == MailStatus::Pending && (self.due_at <= now || self.holds_from > now)
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn enqueue(&self, intents: &[Intent], event: Option<&Event>) -> Result<(), StoreError> {
        let mut state = self.state();
        state.order(intents, None);
        let user = intents.first().and_then(|intent| match &intent.recipient {
            Recipient::Holder(address) => state.addresses.get(address.canonical()).copied(),
            Recipient::NewAddress(user, _) | Recipient::User(user) => Some(*user),
            Recipient::UserOfFact => None,
        });
        if let Some(event) = event {
            state.record(event, user);
        }
        Ok(())
    }

    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Claims, StoreError> {
        let mut state = self.state();
        let mut due: Vec<&mut OutboxRow> = state
            .outbox
            .values_mut()
            .filter(|row| row.is_due(now))
            .collect();
        due.sort_by_key(|row| (row.due_at, row.intent.id));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let leased = due.into_iter().take(limit).map(|row| {
            row.due_at = lease_until;
            row.holds_from = now - (lease_until - now);
            row.attempts = row.attempts.saturating_add(1);
            ClaimedIntent {
                intent: row.intent.clone(),
                ordered: row.ordered.clone(),
                ordered_at: row.ordered_at,
                attempt: row.attempts,
                admitted: row.admitted,
                last_error: row.last_error.clone(),
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
        let mut state = self.state();
        let Some(row) = state.held(id, attempt) else {
            return Ok(false);
        };
        row.ordered.get_or_insert_with(|| ordered.clone());
        Ok(true)
    }

    async fn complete(&self, id: IntentId, attempt: i32) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.held(id, attempt).is_some() {
            state.outbox.remove(&id);
        }
        Ok(())
    }

    async fn postpone(
        &self,
        id: IntentId,
        attempt: i32,
        now: Timestamp,
        due_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        if let Some(row) = self.state().held(id, attempt) {
            row.due_at = due_at;
            row.holds_from = holds_from(now);
            row.last_error = Some(error.to_owned());
        }
        Ok(())
    }

    async fn bring_forward(
        &self,
        now: Timestamp,
        beyond: Timestamp,
        asked_from: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        let waits = |row: &&mut OutboxRow| {
            row.status == MailStatus::Pending
                && row.due_at > beyond
                && row.intent.created_at >= asked_from
        };
        let mut waiting: Vec<&mut OutboxRow> = state.outbox.values_mut().filter(waits).collect();
        waiting.sort_by_key(|row| (row.due_at, row.intent.id));
        let mut count = 0;
        for row in waiting.into_iter().take(limit as usize) {
            row.due_at = now;
            count += 1;
        }
        Ok(count)
    }

    async fn mark_dead(&self, id: IntentId, attempt: i32, error: &str) -> Result<(), StoreError> {
        if let Some(row) = self.state().held(id, attempt) {
            row.status = MailStatus::Dead;
            row.last_error = Some(error.to_owned());
        }
        Ok(())
    }

    async fn admit(
        &self,
        id: IntentId,
        attempt: i32,
        admission: &Admission,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state.held(id, attempt).is_none() {
            return Ok(false);
        }
        let sent = state.mail_budgets.entry(admission.key).or_default();
        let has_room = |back: usize, until: Timestamp| {
            let at = sent.len().checked_sub(back).and_then(|at| sent.get(at));
            at.is_none_or(|at| *at <= until)
        };
        if !has_room(1, admission.latest_until) || !has_room(5, admission.fifth_until) {
            return Ok(false);
        }
        sent.push(admission.now);
        if let Some(row) = state.held(id, attempt) {
            row.admitted = true;
        }
        Ok(true)
    }

    async fn purge_mail(
        &self,
        dead_before: Timestamp,
        budget_before: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let is_old =
            |row: &OutboxRow| row.status == MailStatus::Dead && row.intent.created_at < dead_before;
        state.outbox.retain(|_, row| !is_old(row));
        let is_recent = |sent: &Vec<Timestamp>| sent.last().is_some_and(|at| *at >= budget_before);
        state.mail_budgets.retain(|_, sent| is_recent(sent));
        Ok(())
    }
}

impl State {
    /// Whether an email that confirms a new address for this user is still in the outbox.
    pub(super) fn changes_address(&self, user: UserId) -> bool {
        self.outbox.values().any(|row| {
            row.intent.letter == LetterKind::ConfirmEmailChange && row.user_id() == Some(user)
        })
    }

    /// Writes the emails about a change that affects this user.
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
                ordered: self.ordered_for(&recipient),
                ordered_at: intent.created_at,
                intent: Intent {
                    recipient,
                    ..intent.clone()
                },
                due_at: intent.created_at,
                holds_from: holds_from(intent.created_at),
                attempts: 0,
                status: MailStatus::Pending,
                admitted: false,
                last_error: None,
            };
            self.outbox.insert(intent.id, row);
        }
    }

    fn held(&mut self, id: IntentId, attempt: i32) -> Option<&mut OutboxRow> {
        let row = self.outbox.get_mut(&id);
        row.filter(|row| row.status == MailStatus::Pending && row.attempts == attempt)
    }

    /// The account of the recipient as it is now; `None` if the recipient is only an address.
    fn ordered_for(&self, recipient: &Recipient) -> Option<Ordered> {
        let (Recipient::NewAddress(id, _) | Recipient::User(id)) = recipient else {
            return None;
        };
        let row = self.users.get(id)?;
        Some(Ordered {
            user_id: *id,
            address: row.user.email.clone(),
            credential_version: row.credential_version,
        })
    }
}
