use std::pin::pin;

use tokio::sync::OwnedSemaphorePermit;

use super::{
    Caller, Device, Devices, FailedCheck, FailureReason, Hasher, Verification, ensure_checkable,
};
#[cfg(feature = "oauth")]
use crate::identity::Redeemed;
use crate::{
    admission::{Attempt, Counted, Limits, Locked, Permit},
    error::{ErrorKind, Result},
    event::ClientInfo,
    limit::Budget,
    metric,
    secret::{Password, PasswordHash},
    store::Store,
    user::{Credentials, EmailAddress, User, UserStatus},
};

/// The one check of an address and a password, counted. Every door uses it: sign-in, and what asks for the password
/// again.
///
/// Each call performs one verification, whether the address is unknown, the account has no password, or the
/// password is wrong, and no database connection is held meanwhile. It is counted before, as an attempt on the address or
/// on the device, and is not performed if too many in a row have failed.
#[derive(Clone, Debug)]
pub(crate) struct PasswordCheck {
    pub(crate) hasher: Hasher,
    pub(crate) limits: Limits,
    pub(crate) devices: Devices,
}

/// Lets a caller have a password checked.
#[derive(Debug)]
pub(crate) struct CheckTicket {
    /// For whom it is done.
    pub(crate) caller: Caller,
    slot: Option<OwnedSemaphorePermit>,
    /// To cost statements, until the password is looked at.
    permit: Option<Permit>,
}

/// What was counted, and what it is about.
struct Attempted {
    found: Option<Credentials>,
    counted: Counted,
}

/// A credential was checked: whose it is, and what must still be so when something is done on its strength.
///
/// Only this module makes one, and it opens one session at most.
#[derive(Debug)]
pub(crate) struct Proof {
    user: User,
    credential_version: i64,
    verified_hash: Option<PasswordHash>,
    rehashed: Option<PasswordHash>,
    counted: Counted,
    provider: Option<String>,
}

impl PasswordCheck {
    /// Lets a caller in who wants a password checked. Under a flood, who would find no permit later is turned away here,
    /// before it costs a statement.
    ///
    /// # Errors
    /// [`RateLimited`](ErrorKind::RateLimited) if it is known that the client calls too often;
    /// [`Overloaded`](ErrorKind::Overloaded).
    pub(crate) async fn enter(&self, client: &ClientInfo) -> Result<CheckTicket> {
        self.limits.ensure_not_refused(Budget::SignIn, client)?;
        let slot = self.hasher.slot()?;
        Ok(CheckTicket {
            caller: Caller::default(),
            slot: Some(slot),
            permit: Some(self.limits.permit().await?),
        })
    }

    /// Checks the password of the account with this address.
    ///
    /// If the stored hash has parameters no longer in force, the proof carries a new hash of the password, unless
    /// the hasher is too busy to make one. The failed attempts so far are forgotten by whoever opens a session with it.
    ///
    /// A [`FailedCheck`] is no error: whoever asks writes it down, and then answers with the error it becomes.
    ///
    /// # Errors
    /// * [`ValidationFailed`](ErrorKind::ValidationFailed) if it cannot be a password ([`ensure_checkable`]; a door
    ///   that calls the member otherwise than `password` asks that itself, before);
    /// * [`RateLimited`](ErrorKind::RateLimited) if the client calls too often;
    /// * [`Overloaded`](ErrorKind::Overloaded) if the hasher is too busy;
    /// * [`Unavailable`](ErrorKind::Unavailable) or [`Internal`](ErrorKind::Internal) if the database fails.
    pub(crate) async fn check(
        &self,
        store: &dyn Store,
        ticket: &mut CheckTicket,
        email: &EmailAddress,
        password: &Password,
        client: &ClientInfo,
    ) -> Result<Result<Proof, FailedCheck>> {
        ensure_checkable("password", password)?;
        let counting = self.count(store, email, client, |_| true);
        let (mut proof, verification) =
            match self.checked(store, ticket, password, counting).await? {
                Ok(checked) => checked,
                Err(failed) => return Ok(Err(failed)),
            };
        if verification == Verification::Outdated {
            proof.rehashed = self.rehash(password).await;
        }
        Ok(Ok(proof))
    }

    /// Checks the password of a signed-in user, by the stored address. If it is right, the failed attempts so far are
    /// forgotten.
    ///
    /// # Errors
    /// As [`check`](Self::check). A user who is gone, or whose address is another's by now, is refused.
    pub(crate) async fn check_user(
        &self,
        store: &dyn Store,
        user: &User,
        password: &Password,
        client: &ClientInfo,
    ) -> Result<Result<Proof, FailedCheck>> {
        ensure_checkable("password", password)?;
        let mut ticket = self.enter(client).await?;
        let is_theirs = |found: &Credentials| found.user.id == user.id;
        let counting = self.count(store, &user.email, client, is_theirs);
        match self.checked(store, &mut ticket, password, counting).await? {
            Ok((proof, _)) => {
                self.limits.clear(store, proof.counted).await?;
                Ok(Ok(proof))
            }
            Err(failed) => Ok(Err(failed)),
        }
    }

    async fn checked(
        &self,
        store: &dyn Store,
        ticket: &mut CheckTicket,
        password: &Password,
        counting: impl Future<Output = Result<Result<Attempted, FailedCheck>>> + Send,
    ) -> Result<Result<(Proof, Verification), FailedCheck>> {
        if ticket.permit.is_none() {
            ticket.permit = Some(self.limits.permit().await?);
        }
        let mut counting = pin!(counting);
        let mut gone = None;
        let attempted = tokio::select! {
            biased;
            attempted = &mut counting => attempted,
            error = ticket.caller.gone() => {
                // The queue slot is another's at once, however long the database takes to say what it has counted.
                ticket.slot = None;
                gone = Some(error);
                counting.await
            }
        };
        let Attempted { found, counted } = match attempted? {
            Ok(attempted) => attempted,
            // The permit is kept until it is written down.
            Err(failed) => return Ok(Err(failed)),
        };
        ticket.permit = None;
        let verified = match gone {
            Some(gone) => Err(gone),
            None => self.verify(ticket, found, password, counted).await,
        };
        match verified {
            Ok(Err(failed)) if failed.reason == FailureReason::AccountDisabled => {
                self.limits.clear(store, counted).await?;
                Ok(Err(failed))
            }
            Ok(verified) => Ok(verified),
            Err(error) => {
                self.take_back(store, counted).await;
                Err(error)
            }
        }
    }

    /// Counts an attempt, and looks up what it is about.
    async fn count(
        &self,
        store: &dyn Store,
        email: &EmailAddress,
        client: &ClientInfo,
        is_meant: impl Fn(&Credentials) -> bool + Send,
    ) -> Result<Result<Attempted, FailedCheck>> {
        let limits = &self.limits;
        let canonical = email.canonical();
        let token = client.device.as_ref();
        let known = token.and_then(|token| self.devices.read(token, canonical));
        let device = known.as_ref().map(Device::id);
        let mut attempt = limits.attempt(store, client, canonical, device).await?;
        if let (Attempt::Locked(_), Some(_)) = (&attempt, known) {
            // Like an unknown one: whatever ends the lock of the account helps on every device.
            attempt = limits.attempt_on_account(store, canonical).await?;
        }
        let mut counted = match attempt {
            Attempt::Counted(counted) => counted,
            Attempt::Locked(locked) => return Ok(Err(refused(locked))),
        };
        let found = match store.credentials(email).await {
            Ok(found) => found.filter(is_meant),
            Err(error) => {
                self.take_back(store, counted).await;
                return Err(error.into());
            }
        };
        let is_still = |device: Device| {
            let found = found.as_ref();
            found.is_some_and(|found| device.is_of(found.user.id, found.credential_version))
        };
        if counted.on_device && known.is_some_and(|device| !is_still(device)) {
            self.take_back(store, counted).await;
            counted = match limits.attempt_on_account(store, canonical).await? {
                Attempt::Counted(counted) => counted,
                Attempt::Locked(locked) => return Ok(Err(refused(locked))),
            };
        }
        Ok(Ok(Attempted { found, counted }))
    }

    /// An attempt that came to nothing is none. If that cannot be written, it is a wait at worst.
    pub(crate) async fn take_back(&self, store: &dyn Store, counted: Counted) {
        if let Err(error) = self.limits.refund(store, counted).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "an attempt that came to nothing cannot be taken back"
            );
        }
    }

    async fn verify(
        &self,
        ticket: &mut CheckTicket,
        found: Option<Credentials>,
        password: &Password,
        counted: Counted,
    ) -> Result<Result<(Proof, Verification), FailedCheck>> {
        let stored = found
            .as_ref()
            .and_then(|found| found.password_hash.as_ref());
        let begun = tokio::select! {
            biased;
            begun = self.hasher.begin_verify(password, stored) => begun,
            gone = ticket.caller.gone() => Err(gone),
        };
        let verification = match begun {
            Ok(begun) => begun.finished().await,
            Err(error) => Err(error),
        };
        if let (Err(error), Some(found)) = (&verification, &found)
            && error.kind() == ErrorKind::Internal
        {
            tracing::error!(user_id = %found.user.id, "the stored password hash cannot be verified");
        }
        let verification = verification?;
        let Some(found) = found else {
            return Ok(Err(FailedCheck::of_nobody().counted(counted)));
        };
        let of_them = |reason| FailedCheck::of(found.user.id, reason);
        if verification == Verification::Wrong {
            let reason = match found.password_hash {
                Some(_) => FailureReason::WrongPassword,
                None => FailureReason::NoPassword,
            };
            return Ok(Err(of_them(reason).counted(counted)));
        }
        if found.user.status == UserStatus::Disabled {
            return Ok(Err(of_them(FailureReason::AccountDisabled)));
        }
        let proof = Proof {
            user: found.user,
            credential_version: found.credential_version,
            verified_hash: found.password_hash,
            rehashed: None,
            counted,
            provider: None,
        };
        Ok(Ok((proof, verification)))
    }

    /// A new hash is worth no failed sign-in: the next one makes it.
    async fn rehash(&self, password: &Password) -> Option<PasswordHash> {
        let hash = self.hasher.hash(password).await;
        if let Err(error) = &hash
            && error.kind() != ErrorKind::Overloaded
        {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a password could not be hashed anew"
            );
        }
        hash.ok()
    }
}

/// Nobody is left to be asked: neither the counter of the device nor that of the account.
fn refused(locked: Locked) -> FailedCheck {
    metric::locked();
    FailedCheck::locked(locked)
}

impl Proof {
    /// What a provider says of a user is their credential, once the code for it is redeemed.
    #[cfg(feature = "oauth")]
    pub(crate) fn redeemed(redeemed: Redeemed) -> Self {
        let Redeemed {
            credentials,
            provider,
        } = redeemed;
        Self {
            user: credentials.user,
            credential_version: credentials.credential_version,
            verified_hash: None,
            rehashed: None,
            counted: Counted::default(),
            provider: Some(provider),
        }
    }

    /// Whose credential it was, as they were when it was checked.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// The version of the account's credentials that was checked.
    pub(crate) fn credential_version(&self) -> i64 {
        self.credential_version
    }

    /// The password hash that was verified; `None` if another credential was.
    pub(crate) fn verified_hash(&self) -> Option<&PasswordHash> {
        self.verified_hash.as_ref()
    }

    /// The same password, hashed with the parameters now in force, if they changed.
    pub(crate) fn rehashed(&self) -> Option<&PasswordHash> {
        self.rehashed.as_ref()
    }

    /// The name of the provider that spoke for the user, if one did.
    pub(crate) fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The attempt as which it was counted.
    pub(crate) fn counted(&self) -> Counted {
        self.counted
    }
}

#[cfg(test)]
mod tests;
