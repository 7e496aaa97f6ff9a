//! The single place where an address and a password are checked.

use std::sync::Arc;

use super::{
    CheckTicket, CountedAttempt, FailedCheck, FailureReason, Hasher, Verification, ensure_checkable,
};
use crate::{
    core::Core,
    error::{ErrorKind, Result},
    event::ClientInfo,
    secret::{Password, PasswordHash},
    token::Device,
    user::{Credentials, EmailAddress, User, UserStatus},
};

/// The only check of an address and a password. It counts the attempts. Every entry point uses it:
/// sign-in, and calls that ask for the password again.
///
/// Each call performs one verification, even if the address is unknown or the account has no
/// password. No database connection is held during the verification. The attempt is counted first,
/// against the address or the device. If too many attempts in a row have failed, nothing is
/// verified.
#[derive(Clone, Debug)]
pub(crate) struct PasswordCheck {
    pub(crate) core: Arc<Core>,
    pub(crate) hasher: Hasher,
}

/// The result of a successful check: the password is right, and the account may be used.
#[derive(Debug)]
pub(crate) struct CheckedPassword {
    pub(crate) user: User,
    /// The version of the account's credentials that was checked.
    pub(crate) credential_version: i64,
    /// The version of the user's second factors at the time of the check.
    pub(crate) factor_version: i64,
    /// The number of the user's second factors at the time of the check.
    pub(crate) second_factors: u32,
    pub(crate) verified_hash: Option<PasswordHash>,
    /// A new hash of the same password with the current parameters, if the parameters have changed.
    pub(crate) rehashed: Option<PasswordHash>,
    /// The counted attempt, to be cleared or taken back.
    pub(crate) attempt: CountedAttempt,
}

impl PasswordCheck {
    /// Admits a caller to [`check`](Self::check).
    ///
    /// # Errors
    /// The errors of [`CheckTicket::enter`].
    pub(crate) async fn enter(&self, client: &ClientInfo) -> Result<CheckTicket> {
        CheckTicket::enter(&self.core, &self.hasher, client).await
    }

    /// Checks the password for the account with this address.
    ///
    /// If the stored hash has parameters that are no longer current, the result contains a new hash
    /// of the password, unless the hasher is too busy to compute it. Opening a session with the
    /// result clears the failed attempts so far.
    ///
    /// A failed check is returned as a [`FailedCheck`], not as an error. The caller records it,
    /// converts it into an error, and answers with that error.
    ///
    /// # Errors
    /// * [`ValidationFailed`](ErrorKind::ValidationFailed) if the text cannot be a password. The violation points to
    ///   the member `password`. If the request uses a different member name, call [`ensure_checkable`] with that name
    ///   first;
    /// * [`RateLimited`](ErrorKind::RateLimited) if the client calls too often;
    /// * [`Overloaded`](ErrorKind::Overloaded) if the hasher is too busy;
    /// * [`Unavailable`](ErrorKind::Unavailable) or [`Internal`](ErrorKind::Internal) if the database fails.
    pub(crate) async fn check(
        &self,
        ticket: &mut CheckTicket,
        email: &EmailAddress,
        password: &Password,
        client: &ClientInfo,
    ) -> Result<Result<CheckedPassword, FailedCheck>> {
        ensure_checkable("password", password)?;
        let counting = self.count(email, client, |_| true);
        let (mut checked, verification) = match self.checked(ticket, password, counting).await? {
            Ok(checked) => checked,
            Err(failed) => return Ok(Err(failed)),
        };
        if verification == Verification::Outdated {
            checked.rehashed = self.rehash(password).await;
        }
        Ok(Ok(checked))
    }

    /// Checks the password of a signed-in user, whose credentials are looked up by the stored address. A correct
    /// password clears the failed attempts so far.
    ///
    /// # Errors
    /// The errors of [`check`](Self::check). A user who no longer exists, or whose address now
    /// belongs to another user, is refused.
    pub(crate) async fn check_user(
        &self,
        user: &User,
        password: &Password,
        client: &ClientInfo,
    ) -> Result<Result<CheckedPassword, FailedCheck>> {
        ensure_checkable("password", password)?;
        let mut ticket = self.enter(client).await?;
        let is_theirs = |found: &Credentials| found.user.id == user.id;
        let counting = self.count(&user.email, client, is_theirs);
        match self.checked(&mut ticket, password, counting).await? {
            Ok((checked, _)) => {
                checked.attempt.clone().clear().await?;
                Ok(Ok(checked))
            }
            Err(failed) => Ok(Err(failed)),
        }
    }

    async fn checked(
        &self,
        ticket: &mut CheckTicket,
        password: &Password,
        counting: impl Future<
            Output = Result<Result<(Option<Credentials>, CountedAttempt), FailedCheck>>,
        > + Send,
    ) -> Result<Result<(CheckedPassword, Verification), FailedCheck>> {
        ticket.renew(&self.core).await?;
        let (found, attempt) = match ticket.count(counting).await? {
            Ok(counted) => counted,
            Err(failed) => return Ok(Err(failed)),
        };
        let verification = match self.verify(ticket, found.as_ref(), password).await {
            Ok(verification) => verification,
            Err(error) => {
                attempt.take_back().await;
                return Err(error);
            }
        };
        let Some(found) = found else {
            return Ok(Err(FailedCheck::of_nobody().notified(attempt.is_notified())));
        };
        let of_them = |reason| FailedCheck::of(found.user.id, reason);
        if verification == Verification::Wrong {
            let reason = match found.password_hash {
                Some(_) => FailureReason::WrongPassword,
                None => FailureReason::NoPassword,
            };
            return Ok(Err(of_them(reason).notified(attempt.is_notified())));
        }
        if found.user.status == UserStatus::Disabled {
            attempt.clear().await?;
            return Ok(Err(of_them(FailureReason::AccountDisabled)));
        }
        let checked = CheckedPassword {
            user: found.user,
            credential_version: found.credential_version,
            factor_version: found.factor_version,
            second_factors: found.second_factors,
            verified_hash: found.password_hash,
            rehashed: None,
            attempt,
        };
        Ok(Ok((checked, verification)))
    }

    /// Counts an attempt, and looks up the account.
    async fn count(
        &self,
        email: &EmailAddress,
        client: &ClientInfo,
        is_meant: impl Fn(&Credentials) -> bool + Send,
    ) -> Result<Result<(Option<Credentials>, CountedAttempt), FailedCheck>> {
        let (limits, canonical) = (&self.core.limits, email.canonical());
        let token = client.device.as_ref();
        let known = token.and_then(|token| self.core.devices.read(token, canonical));
        let device = known.as_ref().map(|known| &known.id()[..]);
        let attempt = match CountedAttempt::count(limits, canonical, device, client).await? {
            Ok(attempt) => attempt,
            Err(failed) => return Ok(Err(failed)),
        };
        let found = match self.core.store.credentials(email).await {
            Ok(found) => found.filter(is_meant),
            Err(error) => {
                attempt.take_back().await;
                return Err(error.into());
            }
        };
        let is_still = |device: Device| {
            let found = found.as_ref();
            found.is_some_and(|found| device.is_of(found.user.id, found.credential_version))
        };
        if !attempt.is_on_device() || known.is_some_and(is_still) {
            return Ok(Ok((found, attempt)));
        }
        attempt.take_back().await;
        let attempt = CountedAttempt::count_on_account(limits, canonical).await?;
        Ok(attempt.map(|attempt| (found, attempt)))
    }

    /// Verifies the password, unless the caller disconnects before the hasher has started.
    async fn verify(
        &self,
        ticket: &mut CheckTicket,
        found: Option<&Credentials>,
        password: &Password,
    ) -> Result<Verification> {
        let stored = found.and_then(|found| found.password_hash.as_ref());
        let begun = tokio::select! {
            biased;
            begun = self.hasher.begin_verify(password, stored) => begun,
            gone = ticket.gone() => Err(gone),
        };
        let verification = match begun {
            Ok(begun) => begun.finished().await,
            Err(error) => Err(error),
        };
        if let (Err(error), Some(found)) = (&verification, found)
            && error.kind() == ErrorKind::Internal
        {
            tracing::error!(user_id = %found.user.id, "the stored password hash cannot be verified");
        }
        verification
    }

    /// A failed rehash must not fail the sign-in. The next sign-in tries again.
    async fn rehash(&self, password: &Password) -> Option<PasswordHash> {
        let hash = self.hasher.hash(password).await;
        if let Err(error) = &hash
            && error.kind() != ErrorKind::Overloaded
        {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a password could not be hashed again"
            );
        }
        hash.ok()
    }
}

#[cfg(test)]
mod tests;
