//! Admission: calls and attempts are counted before any other work, and a caller over a limit is refused.

mod complaints;
mod lasting;
mod permits;
mod refusals;

use std::{net::IpAddr, sync::Arc, time::Duration};

pub(crate) use self::permits::Permit;
use self::{
    complaints::{Complaint, Complaints},
    lasting::Lasting,
    permits::Permits,
    refusals::Refusals,
};
use crate::{
    clock::Clock,
    error::{Error, ErrorKind, QuotaPolicy, Result},
    event::ClientInfo,
    id::UserId,
    limit::{
        Budget, Charge, Charged, Held, LimitKey, LimitKeys, Lockout, Rate, RateLimits, Rule, Tries,
    },
    metric,
    secret::Secrets,
    store::{LimitKeyStore, Limiter},
};

/// The configuration of all limits.
pub(crate) struct LimitParts<'a> {
    pub(crate) secrets: &'a Secrets,
    /// Stores the counter key.
    pub(crate) keys: Arc<dyn LimitKeyStore>,
    pub(crate) rates: RateLimits,
    /// The lockout; `None` if failed sign-ins are not counted.
    pub(crate) lockout: Option<Lockout>,
    /// The limit on wrong second-factor codes; `None` if they are not counted.
    pub(crate) codes: Option<Tries>,
    /// The store, which keeps the counters unless `limiter` is given.
    pub(crate) store: Arc<dyn Limiter>,
    /// The limiter that keeps the counters in place of the store.
    pub(crate) limiter: Option<Arc<dyn Limiter>>,
    /// The limiter for the counters that only this process uses.
    pub(crate) local: Arc<dyn Limiter>,
    /// How many unauthenticated callers may run a database statement at the same time.
    pub(crate) at_once: usize,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Decides whether a caller has to wait. Clones share the counters.
///
/// While the counters cannot be reached, every attempt is refused.
#[derive(Clone, Debug)]
pub(crate) struct Limits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The key for the counters that all instances share.
    keys: Lasting,
    /// The key for the counters that only this process uses.
    local_keys: LimitKeys,
    rates: RateLimits,
    lockout: Option<Lockout>,
    codes: Option<Tries>,
    limiter: Arc<dyn Limiter>,
    /// Whether the store keeps the counters. If so, it clears a counter in the statement that
    /// records the success.
    is_in_store: bool,
    local: Arc<dyn Limiter>,
    refusals: Refusals,
    complaints: Complaints,
    permits: Permits,
    clock: Arc<dyn Clock>,
}

/// Whether a password may be checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attempt {
    /// The password may be checked. The attempt has been counted.
    Counted(Counted),
    /// The password may not be checked, because too many attempts have failed.
    Locked(Locked),
}

/// A counted attempt whose outcome is not known yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    /// The counter; `None` if attempts are not counted.
    key: Option<LimitKey>,
    /// Whether the attempt was counted for a known device instead of the account.
    pub(crate) on_device: bool,
    /// Whether the account owner is notified if the attempt fails.
    pub(crate) is_notified: bool,
}

/// The refusal of an attempt after too many failures in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locked {
    pub(crate) retry_after: Duration,
}

impl Limits {
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) if a limit is invalid.
    pub(crate) fn new(parts: LimitParts<'_>) -> Result<Self> {
        parts.rates.check()?;
        parts.lockout.map_or(Ok(()), |lockout| lockout.check())?;
        parts.codes.map_or(Ok(()), |tries| tries.check())?;
        Ok(Self(Arc::new(Inner {
            keys: Lasting::new(parts.secrets.clone(), parts.keys),
            local_keys: LimitKeys::new(parts.secrets.first().hmac_key("limit")),
            rates: parts.rates,
            lockout: parts.lockout,
            codes: parts.codes,
            is_in_store: parts.limiter.is_none(),
            limiter: parts.limiter.unwrap_or(parts.store),
            local: parts.local,
            refusals: Refusals::new(),
            complaints: Complaints::default(),
            permits: Permits::new(parts.at_once),
            clock: parts.clock,
        })))
    }

    /// Reads the counter key, and seals it with each new secret. Does nothing if no limit is configured.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn prepare(&self) -> Result<()> {
        let rates = &self.0.rates;
        let is_counted = |budget: &Budget| {
            rates.of_client(*budget).is_some() || rates.of_address(*budget).is_some()
        };
        if self.0.lockout.is_some() || self.0.codes.is_some() || Budget::ALL.iter().any(is_counted)
        {
            self.0.keys.keys().await?;
        }
        Ok(())
    }

    /// Checks, without querying the store, whether a client is known to be over a limit.
    ///
    /// # Errors
    /// [`RateLimited`](ErrorKind::RateLimited).
    pub(crate) fn ensure_not_refused(&self, budget: Budget, client: &ClientInfo) -> Result<()> {
        let keys = self.0.keys.known();
        let charge = keys.and_then(|keys| self.of_client(keys, budget, client.ip));
        match self.known_refusal(charge.as_slice()) {
            Some(refused) => self.decide(budget, client.ip, charge.as_slice(), refused),
            None => Ok(()),
        }
    }

    /// Takes a database permit for a caller that already holds a slot in the hasher's queue.
    ///
    /// # Errors
    /// [`Overloaded`](ErrorKind::Overloaded) if no permit becomes free in time.
    pub(crate) async fn permit(&self) -> Result<Permit> {
        self.0.permits.take().await
    }

    /// Counts a call for its client and, if the call contains an email address, for that address.
    ///
    /// # Errors
    /// [`RateLimited`](ErrorKind::RateLimited), [`Overloaded`](ErrorKind::Overloaded) if too many callers wait to be
    /// counted, or [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn admit(
        &self,
        budget: Budget,
        about: Option<&str>,
        client: &ClientInfo,
    ) -> Result<()> {
        let (charges, _) = self.of_call(budget, about, client).await?;
        let charged = self.charge_with_permit(&charges).await?;
        self.decide(budget, client.ip, &charges, charged)
    }

    /// Admits a call whose reply must not reveal that an address's budget is used up. If it is used up, this method
    /// returns `false`, and the caller sends the usual reply without doing the work.
    ///
    /// # Errors
    /// [`RateLimited`](ErrorKind::RateLimited) if the client calls too often, [`Overloaded`](ErrorKind::Overloaded) if
    /// too many callers wait to be counted, or [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn admit_quietly(
        &self,
        budget: Budget,
        about: &str,
        client: &ClientInfo,
    ) -> Result<bool> {
        let (charges, count) = self.of_call(budget, Some(about), client).await?;
        match self.charge_with_permit(&charges).await? {
            Charged::Granted(_) => Ok(true),
            Charged::Refused { position, .. } if position >= count => Ok(false),
            Charged::Refused { position, held } => {
                Err(self.refuse(budget, client.ip, charges.get(position), &held))
            }
        }
    }

    /// Counts a client's call in this process's memory, without a database statement.
    ///
    /// # Errors
    /// [`RateLimited`](ErrorKind::RateLimited), or [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn admit_here(&self, budget: Budget, ip: Option<IpAddr>) -> Result<()> {
        let charge = self.of_client(&self.0.local_keys, budget, ip);
        let charged = self.charge(&*self.0.local, charge.as_slice()).await?;
        self.decide(budget, ip, charge.as_slice(), charged)
    }

    /// Admits a call that runs one read statement, and counts the call in this process's memory.
    ///
    /// # Errors
    /// The errors of [`admit_here`](Self::admit_here), and [`Overloaded`](ErrorKind::Overloaded) if
    /// too many callers wait for a permit.
    #[cfg(feature = "pages")]
    pub(crate) async fn admit_to_read(&self, budget: Budget, ip: Option<IpAddr>) -> Result<Permit> {
        self.admit_here(budget, ip).await?;
        self.0.permits.take_if_room().await
    }

    fn decide(
        &self,
        budget: Budget,
        ip: Option<IpAddr>,
        charges: &[Charge],
        charged: Charged,
    ) -> Result<()> {
        match charged {
            Charged::Granted(_) => Ok(()),
            Charged::Refused { position, held } => {
                Err(self.refuse(budget, ip, charges.get(position), &held))
            }
        }
    }

    /// Counts a password attempt for an address before the password is checked, whether or not the address has an
    /// account. An attempt from a known device is counted for that device, not for the address.
    ///
    /// # Errors
    /// [`RateLimited`](ErrorKind::RateLimited) if the client calls too often, or
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn attempt(
        &self,
        canonical: &str,
        device: Option<&[u8]>,
        client: &ClientInfo,
    ) -> Result<Attempt> {
        let (rates, _) = self
            .of_call(Budget::SignIn, Some(canonical), client)
            .await?;
        self.count(client.ip, rates, canonical, device).await
    }

    /// Counts an attempt for the account only, because the client's device is not known. The call itself has already
    /// been counted for the client.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn attempt_on_account(&self, canonical: &str) -> Result<Attempt> {
        self.count(None, Vec::new(), canonical, None).await
    }

    async fn count(
        &self,
        ip: Option<IpAddr>,
        mut charges: Vec<Charge>,
        canonical: &str,
        device: Option<&[u8]>,
    ) -> Result<Attempt> {
        let lockout = self.0.lockout;
        let key = self.attempts_key(canonical, device).await?;
        charges.extend(key.zip(lockout).map(|(key, lockout)| Charge {
            key,
            rule: Rule::Attempts(lockout),
        }));
        match self.charge_store(&charges).await? {
            Charged::Granted(held) => Ok(Attempt::Counted(Counted {
                key,
                on_device: device.is_some(),
                is_notified: lockout
                    .zip(held)
                    .is_some_and(|(lockout, held)| lockout.is_notified(held.attempts)),
            })),
            Charged::Refused { position, held } => match charges.get(position) {
                Some(Charge {
                    rule: rule @ Rule::Attempts(_),
                    ..
                }) => Ok(Attempt::Locked(Locked {
                    retry_after: rule.retry_after(&held, self.0.clock.now()),
                })),
                charge => Err(self.refuse(Budget::SignIn, ip, charge, &held)),
            },
        }
    }

    /// Counts a second-factor attempt before the code is checked: for the device if it is known, otherwise for the
    /// user. Passwords have a separate lockout.
    ///
    /// # Errors
    /// [`TooManyAttempts`](ErrorKind::TooManyAttempts), or [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn try_code(&self, user: UserId, device: Option<&[u8]>) -> Result<Counted> {
        let Some(tries) = self.0.codes else {
            return Ok(Counted::default());
        };
        let keys = self.0.keys.keys().await?;
        let key = device.map_or_else(|| keys.codes(user), |id| keys.codes_on_device(id));
        let rule = Rule::Tries(tries);
        match self.charge_store(&[Charge { key, rule }]).await? {
            Charged::Granted(held) => Ok(Counted {
                key: Some(key),
                on_device: device.is_some(),
                is_notified: held.is_some_and(|held| held.attempts >= tries.most),
            }),
            Charged::Refused { held, .. } => Err(Error::new(ErrorKind::TooManyAttempts)
                .with_retry_after(rule.retry_after(&held, self.0.clock.now()))),
        }
    }

    /// Removes an attempt from the count because no password was checked for it.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn refund(&self, counted: Counted) -> Result<()> {
        let Some(key) = counted.key else {
            return Ok(());
        };
        Ok(self.0.limiter.refund(key, self.0.clock.now()).await?)
    }

    /// Forgets the failures that preceded a successful attempt.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn clear(&self, counted: Counted) -> Result<()> {
        match counted.key {
            Some(key) => Ok(self.0.limiter.clear(key).await?),
            None => Ok(()),
        }
    }

    /// The counter that the store clears in the statement that records the success. If this is
    /// `None`, [`clear_after`](Self::clear_after) clears the counter.
    pub(crate) fn cleared_with(&self, counted: Counted) -> Option<LimitKey> {
        counted.key.filter(|_| self.0.is_in_store)
    }

    /// Forgets the failures that preceded a success, if the counters are not kept in the store. An
    /// error is only logged, because the success is already recorded. If the counter is not
    /// cleared, the user may have to wait before a later attempt.
    pub(crate) async fn clear_after(&self, counted: Counted) {
        let Some(key) = counted.key.filter(|_| !self.0.is_in_store) else {
            return;
        };
        if let Err(error) = self.0.limiter.clear(key).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the failures before a success cannot be cleared");
        }
    }

    /// The counter of failed password attempts for an address from unknown devices.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable).
    pub(crate) async fn of_account(&self, canonical: &str) -> Result<Counted> {
        Ok(Counted {
            key: self.attempts_key(canonical, None).await?,
            ..Counted::default()
        })
    }

    /// The counter of failed attempts for the device if one is given, otherwise for the address. `None` if failed
    /// attempts are not counted.
    async fn attempts_key(
        &self,
        canonical: &str,
        device: Option<&[u8]>,
    ) -> Result<Option<LimitKey>> {
        if self.0.lockout.is_none() {
            return Ok(None);
        }
        let keys = self.0.keys.keys().await?;
        Ok(Some(device.map_or_else(
            || keys.account(canonical),
            |id| keys.device(id),
        )))
    }

    /// A call's charges, and how many of them count against the client. The client's charges come first.
    async fn of_call(
        &self,
        budget: Budget,
        about: Option<&str>,
        client: &ClientInfo,
    ) -> Result<(Vec<Charge>, usize)> {
        let rates = &self.0.rates;
        let is_client_counted = rates.of_client(budget).and(client.ip).is_some();
        let is_about_counted = rates.of_address(budget).and(about).is_some();
        if !is_client_counted && !is_about_counted {
            return Ok((Vec::new(), 0));
        }
        let keys = self.0.keys.keys().await?;
        let of_client = self.of_client(keys, budget, client.ip);
        let of_address = about.and_then(|canonical| {
            let rate = rates.of_address(budget)?;
            Some(rated(keys.address(budget, canonical), rate))
        });
        Ok((
            of_client.into_iter().chain(of_address).collect(),
            of_client.iter().count(),
        ))
    }

    fn of_client(&self, keys: &LimitKeys, budget: Budget, ip: Option<IpAddr>) -> Option<Charge> {
        let (rate, ip) = (self.0.rates.of_client(budget)?, ip?);
        Some(rated(keys.client(budget, ip), rate))
    }

    async fn charge_with_permit(&self, charges: &[Charge]) -> Result<Charged> {
        if charges.is_empty() {
            return Ok(Charged::Granted(None));
        }
        if let Some(refused) = self.known_refusal(charges) {
            return Ok(refused);
        }
        let _permit = self.0.permits.take_if_room().await?;
        self.charge_store(charges).await
    }

    fn known_refusal(&self, charges: &[Charge]) -> Option<Charged> {
        self.0.refusals.of(charges, self.0.clock.now())
    }

    async fn charge_store(&self, charges: &[Charge]) -> Result<Charged> {
        if let Some(refused) = self.known_refusal(charges) {
            return Ok(refused);
        }
        let charged = self.charge(&*self.0.limiter, charges).await?;
        self.0.refusals.note(charges, &charged);
        Ok(charged)
    }

    async fn charge(&self, keeper: &dyn Limiter, charges: &[Charge]) -> Result<Charged> {
        if charges.is_empty() {
            return Ok(Charged::Granted(None));
        }
        Ok(keeper.charge(charges, self.0.clock.now()).await?)
    }

    fn refuse(
        &self,
        budget: Budget,
        ip: Option<IpAddr>,
        charge: Option<&Charge>,
        held: &Held,
    ) -> Error {
        let error = Error::new(ErrorKind::RateLimited);
        let Some(Charge {
            rule: rule @ Rule::Rate(rate),
            ..
        }) = charge
        else {
            return error;
        };
        metric::rate_limited(budget.as_str());
        self.complain(budget, ip);
        error
            .with_retry_after(rule.retry_after(held, self.0.clock.now()))
            .with_policy(QuotaPolicy {
                name: budget.as_str(),
                quota: rate.burst,
                window: (rate.emission_interval() + rate.tolerance())
                    .to_std()
                    .unwrap_or_default(),
            })
    }

    fn complain(&self, budget: Budget, ip: Option<IpAddr>) {
        // The key is the same for every budget, so that a client has one log line for all budgets.
        let client = ip.map(|ip| self.0.local_keys.client(Budget::Default, ip));
        let due = self.0.complaints.take(client, self.0.clock.now());
        for Complaint {
            client: of,
            refused,
        } in due
        {
            let name = of.map_or_else(|| "other".to_owned(), |key| key.short());
            if of == client {
                tracing::info!(
                    client = name,
                    budget = budget.as_str(),
                    refused,
                    "a client calls too often"
                );
            } else {
                tracing::info!(parent: None, client = name, refused, "a client calls too often");
            }
        }
    }
}

fn rated(key: LimitKey, rate: Rate) -> Charge {
    Charge {
        key,
        rule: Rule::Rate(rate),
    }
}
