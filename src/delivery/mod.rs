//! Gets mails from the outbox to the mailer.
//!
//! ```text
//! use case ── enqueue ──> outbox          (one statement, account or none: time tells nothing)
//! worker   ── claim ────> outbox          (a lease of 30 s; committed, nothing is held from here on)
//!          ── credentials ─> store        (nobody or disabled: done, silently)
//!          ── issue ────> store           (the link's token is derived from the intent: a repeat has the same link)
//!          ── send ─────> mailer          (to the stored address, within 20 s)
//!          ── complete, or postpone
//! ```
//!
//! A mail is sent at least once: a worker that is killed between sending and completing leaves the rest to the next
//! claim, which sends the same mail with the same Message-ID and the same link.

mod one;
mod worker;

use std::{fmt, sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::Notify;

use crate::{
    clock::Clock,
    error::{Error, Result},
    event::{ClientInfo, Event, EventKind, Trail},
    mail::{Intent, IntentId, LetterKind, Links, Mailer, Templates},
    secret::Secrets,
    store::Store,
    token::OneTimeKeys,
    user::EmailAddress,
};

/// For how long the link of a reset mail works, unless set otherwise.
pub(crate) const DEFAULT_RESET_TTL: Duration = Duration::from_secs(30 * 60);

/// What deliveries are made of.
#[derive(Debug)]
pub(crate) struct DeliveryParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) trail: Trail,
    pub(crate) links: Links,
    pub(crate) templates: Templates,
    pub(crate) reset_ttl: Duration,
}

/// Takes orders for mails, and delivers them. Clones share the work.
#[derive(Clone, Debug)]
pub(crate) struct Deliveries(Arc<Inner>);

struct Inner {
    parts: DeliveryParts,
    keys: OneTimeKeys,
    reset_ttl: TimeDelta,
    ordered: Notify,
}

impl Deliveries {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the reset links would work for less than a second or
    /// more than a year.
    pub(crate) fn new(secrets: &Secrets, parts: DeliveryParts) -> Result<Self> {
        let range = Duration::from_secs(1)..=Duration::from_secs(365 * 24 * 60 * 60);
        let reset_ttl = TimeDelta::from_std(parts.reset_ttl)
            .ok()
            .filter(|_| range.contains(&parts.reset_ttl))
            .ok_or_else(|| {
                Error::configuration("the reset links work for between a second and a year")
            })?;
        Ok(Self(Arc::new(Inner {
            keys: OneTimeKeys::new(secrets),
            parts,
            reset_ttl,
            ordered: Notify::new(),
        })))
    }

    /// Orders the mail with the link that sets a new password, for the account with this address, if there is one.
    ///
    /// When this has returned the order outlives a kill, if `store` is no open transaction.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn request_reset(
        &self,
        store: &dyn Store,
        email: &EmailAddress,
        client: &ClientInfo,
    ) -> Result<()> {
        let now = self.0.parts.clock.now();
        let intent = Intent {
            id: IntentId::new(now),
            letter: LetterKind::ResetPassword,
            address: email.clone(),
            created_at: now,
            not_after: now + self.0.reset_ttl,
        };
        let trail = &self.0.parts.trail;
        let event = Event::new(EventKind::PasswordResetRequested, client, now);
        let event = trail.about(event, email.canonical());
        store.enqueue(&intent, Some(&event)).await?;
        trail.publish(&event);
        self.0.ordered.notify_one();
        Ok(())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt(f)
    }
}

#[cfg(test)]
mod tests;
