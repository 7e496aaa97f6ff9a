//! Sending one email.

use std::{
    error::Error as StdError,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};

use chrono::TimeDelta;
use tokio::time;

use super::{
    Deliveries,
    addressee::Addressee,
    backoff::delay,
    setback::{Setback, SetbackKind},
};
use crate::{
    clock::Timestamp,
    error::Result,
    mail::{Admission, ClaimedIntent, IntentId, UnreadableIntent},
};

/// The timeout for sending one email, well below the duration of a lease, so that no other worker sends the same email
/// at the same time.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// After this time an unsent email is marked dead.
const GIVE_UP: TimeDelta = TimeDelta::days(1);

/// The facts that determine whether an email is retried.
struct Tried {
    id: IntentId,
    attempt: i32,
    created_at: Timestamp,
    not_after: Option<Timestamp>,
}

impl Deliveries {
    /// Delivers one email, or records why it was not sent. If recording fails, the error is only
    /// logged, because the email is claimed again when its lease expires.
    pub(super) async fn deliver_one(&self, claimed: &ClaimedIntent) {
        let (id, attempt) = (claimed.intent.id, claimed.attempt);
        match unless_panic(self.send(claimed)).await {
            Ok(()) => noted(id, self.0.parts.store.complete(id, attempt).await),
            Err(setback) => {
                let tried = Tried {
                    id,
                    attempt,
                    created_at: claimed.intent.created_at,
                    not_after: Some(claimed.intent.not_after),
                };
                self.put_off(&tried, &setback).await;
            }
        }
    }

    /// Postpones an email that this version cannot read, because an instance of another version may
    /// be able to read it.
    pub(super) async fn put_off_unreadable(&self, unreadable: &UnreadableIntent) {
        let tried = Tried {
            id: unreadable.id,
            attempt: unreadable.attempt,
            created_at: unreadable.created_at,
            not_after: None,
        };
        let note = format!("it cannot be read: {}", unreadable.error);
        self.put_off(&tried, &Setback::passing(&note)).await;
    }

    async fn put_off(&self, tried: &Tried, setback: &Setback) {
        let (store, now) = (&self.0.parts.store, self.0.parts.clock.now());
        let (id, attempt, note) = (tried.id, tried.attempt, setback.note.as_str());
        let error = setback.logged.as_str();
        let outcome = match next_try(tried, setback.kind, now) {
            Some(due_at) => {
                tracing::warn!(%id, attempt, error, "an email could not be sent");
                store.postpone(id, attempt, now, due_at, note).await
            }
            None => {
                tracing::error!(%id, attempt, error, "an email was marked dead");
                store.mark_dead(id, attempt, note).await
            }
        };
        noted(id, outcome);
    }

    /// Sends the email, if it has a recipient and the mail budget is not used up.
    async fn send(&self, claimed: &ClaimedIntent) -> Result<(), Setback> {
        let parts = &self.0.parts;
        let Some(addressee) = self.addressee(claimed).await.map_err(Setback::of)? else {
            return Ok(());
        };
        if parts.clock.now() >= claimed.intent.not_after {
            return Err(Setback::expired(
                claimed.last_error.as_deref(),
                &addressee.address,
            ));
        }
        // This is checked before the token is issued, because a link that is not mailed must not replace a link that
        // was mailed.
        if !self.admit(claimed, &addressee).await.map_err(Setback::of)? {
            return Ok(());
        }
        let Some((mail, token)) = self.write(claimed, addressee).await.map_err(Setback::of)? else {
            return Ok(());
        };
        let outcome = match time::timeout(SEND_TIMEOUT, parts.mailer.send(&mail)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Setback::of_mailer(&error, token.as_ref(), mail.to())),
            Err(_) => Err(Setback::passing("the mailer did not answer in time")),
        };
        self.learn(outcome.as_ref().err().map(|setback| setback.kind))
            .await;
        outcome
    }

    /// Whether the address's budget allows the email, or allowed it at the first attempt.
    async fn admit(&self, claimed: &ClaimedIntent, addressee: &Addressee) -> Result<bool> {
        let parts = &self.0.parts;
        if claimed.admitted || !parts.budgets {
            return Ok(true);
        }
        let (id, letter) = (claimed.intent.id, claimed.intent.letter);
        let admission = Admission::new(letter, &addressee.address, parts.clock.now());
        let admitted = parts.store.admit(id, claimed.attempt, &admission).await?;
        if !admitted {
            tracing::info!(%id, letter = letter.as_str(), "the mail budget of an address is used up");
        }
        Ok(admitted)
    }
}

/// When to try again; `None` if a retry is pointless.
fn next_try(tried: &Tried, kind: SetbackKind, now: Timestamp) -> Option<Timestamp> {
    let due_at = now + delay(tried.attempt, kind == SetbackKind::Refused);
    let given_up = kind == SetbackKind::Expired
        || now - tried.created_at >= GIVE_UP
        || tried.not_after.is_some_and(|end| due_at >= end);
    (!given_up).then_some(due_at)
}

/// Converts a panic into a setback, so that the email is postponed as after any other failure, and
/// eventually marked dead.
async fn unless_panic(sending: impl Future<Output = Result<(), Setback>>) -> Result<(), Setback> {
    let mut sending = pin!(sending);
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| sending.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(Setback::passing("the delivery panicked"))))
    })
    .await
}

fn noted(id: IntentId, outcome: Result<(), crate::error::StoreError>) {
    if let Err(error) = outcome {
        let error = &error as &dyn StdError;
        tracing::error!(%id, error, "the outcome of an email cannot be recorded");
    }
}
