//! Delivers emails from the outbox to the mailer.
//!
//! ```text
//! use case ── enqueue ──> outbox          (one statement, with or without an account)
//! worker   ── claim ────> outbox          (a lease of 30 s; from here on, no transaction is open)
//!          ── credentials ─> store        (no active user: no email is sent; the first user found is kept with
//!                                          the intent)
//!          ── admit ────> store           (the budget of the address; if it is used up, no email is sent)
//!          ── issue ────> store           (the link's token is derived from the intent, so a retry has the same link; no
//!                                          link if the address or the credentials have changed since the request)
//!          ── send ─────> mailer          (to the stored address, within 20 s)
//!          ── complete, or postpone, or mark dead after a day
//! ```
//!
//! An email is sent at least once. If a worker is killed between sending and completing, the next claim sends the same
//! email again, with the same Message-ID and link.

mod addressee;
mod backoff;
mod letters;
mod masked;
mod orders;
mod outage;
mod send;
mod setback;
mod unsent;
mod worker;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::Notify;

use self::{outage::Outage, unsent::Watch};
#[cfg(feature = "http")]
use crate::user::Locale;
use crate::{
    clock::{Clock, Timestamp},
    error::{Error, Result},
    mail::{Links, Mailer, Notices, Templates},
    secret::Secrets,
    store::Store,
    token::OneTimeKeys,
    trail::Trail,
};

/// How long the links in emails are valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkLifetimes {
    /// A link that sets a password.
    pub(crate) reset: Duration,
    /// A link that proves an address or unlocks sign-in.
    pub(crate) verify: Duration,
}

impl Default for LinkLifetimes {
    fn default() -> Self {
        Self {
            reset: Duration::from_secs(30 * 60),
            verify: Duration::from_secs(86_400),
        }
    }
}

/// The configuration of email delivery.
#[derive(Debug)]
pub(crate) struct DeliveryParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) trail: Trail,
    pub(crate) links: Links,
    pub(crate) templates: Templates,
    pub(crate) notices: Notices,
    pub(crate) lifetimes: LinkLifetimes,
    /// Whether the number of emails to an address is limited.
    pub(crate) budgets: bool,
}

/// Queues emails and delivers them. Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct Deliveries(Arc<Inner>);

struct Inner {
    parts: DeliveryParts,
    keys: OneTimeKeys,
    ordered: Notify,
    outage: Outage,
    watch: Watch,
    /// The time of the last purge.
    tidied_at: Mutex<Option<Timestamp>>,
}

impl Deliveries {
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if links would work for less than a second or more than a
    /// year.
    pub(crate) fn new(secrets: &Secrets, parts: DeliveryParts) -> Result<Self> {
        let range = Duration::from_secs(1)..=Duration::from_secs(365 * 24 * 60 * 60);
        let LinkLifetimes { reset, verify } = parts.lifetimes;
        for (name, lifetime) in [("reset", reset), ("verification", verify)] {
            if !range.contains(&lifetime) {
                return Err(Error::configuration(format!(
                    "the lifetime of {name} links must be between a second and a year"
                )));
            }
        }
        Ok(Self(Arc::new(Inner {
            keys: OneTimeKeys::new(secrets),
            parts,
            ordered: Notify::new(),
            outage: Outage::default(),
            watch: Watch::default(),
            tidied_at: Mutex::default(),
        })))
    }

    /// The languages in which email templates are available.
    #[cfg(feature = "http")]
    pub(crate) fn locales(&self) -> &[Locale] {
        self.0.parts.templates.locales()
    }

    pub(crate) fn letters(&self) -> &Templates {
        &self.0.parts.templates
    }

    /// Wakes the worker of this process, because an email was queued.
    pub(crate) fn wake(&self) {
        self.0.ordered.notify_one();
        self.watch();
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt(f)
    }
}

#[cfg(test)]
mod tests;
