//! Confirms, before an irreversible action, that the session belongs to the account owner.

use std::{sync::Arc, time::Duration};

use super::{FailedCheck, FailureReason, Failures, PasswordCheck, ensure_checkable};
use crate::{
    core::Core,
    error::{Error, ErrorKind, Result, Violation},
    event::{ClientInfo, EventKind},
    mail::Recipient,
    secret::Password,
    token::{ActiveUser, CheckedSession},
    user::User,
};

/// The maximum number of checks in one call if the credential changes during a check. Another check
/// is needed to distinguish a changed password from a password that a sign-in has only rehashed. If
/// the credential changes during the last check as well, the call fails with [`overtaken`], and the
/// caller has to try again.
pub(crate) const CHECKS: usize = 3;

/// The error if the credential was right each time, but the account changed before the result could be used.
pub(crate) fn overtaken() -> Error {
    Error::new(ErrorKind::Unavailable)
        .with_retry_after(Duration::from_secs(1))
        .with_source("the account changed during each check of its credential")
}

/// Checks the credential of a signed-in user again, without opening a session.
#[derive(Clone, Debug)]
pub(crate) struct Confirmation {
    pub(crate) core: Arc<Core>,
    pub(crate) check: PasswordCheck,
    pub(crate) failures: Failures,
}

impl Confirmation {
    /// Checks the caller's password. A wrong password is recorded in the audit trail.
    ///
    /// # Errors
    /// * [`ValidationFailed`](ErrorKind::ValidationFailed) at `member` if the text cannot be a password;
    /// * [`InvalidCredentials`](ErrorKind::InvalidCredentials) if the password is wrong, or the
    ///   account has no password;
    /// * [`InvalidAccessToken`](ErrorKind::InvalidAccessToken) if the account was disabled during the check;
    /// * [`TooManyAttempts`](ErrorKind::TooManyAttempts) or [`RateLimited`](ErrorKind::RateLimited);
    /// * [`Overloaded`](ErrorKind::Overloaded) if the hasher is too busy.
    pub(crate) async fn password(
        &self,
        caller: &ActiveUser,
        member: &str,
        password: &Password,
        client: &ClientInfo,
    ) -> Result<CheckedSession> {
        ensure_checkable(member, password)?;
        let checked = self.check.check_user(&caller.user, password, client);
        match checked.await? {
            Ok(checked) => Ok(CheckedSession {
                id: caller.session_id,
                user_id: caller.user.id,
                credential_version: checked.credential_version,
                verified_hash: checked.verified_hash,
            }),
            Err(failed) => self.refuse(caller, failed, client).await,
        }
    }

    /// Checks the caller's password. If the account has no password, checks instead that the sign-in is recent.
    ///
    /// # Errors
    /// The errors of [`password`](Self::password), and
    /// * [`ValidationFailed`](ErrorKind::ValidationFailed) with `required` at `member` if the account has a password
    ///   and none is given;
    /// * [`ReauthenticationRequired`](ErrorKind::ReauthenticationRequired) if the account has no password, and the
    ///   sign-in is not recent.
    pub(crate) async fn password_or_recent(
        &self,
        caller: &ActiveUser,
        member: &str,
        password: Option<&Password>,
        client: &ClientInfo,
    ) -> Result<CheckedSession> {
        if let Some(password) = password {
            return self.password(caller, member, password, client).await;
        }
        let User { id, email, .. } = &caller.user;
        let found = self.core.store.credentials(email).await?;
        let found = found
            .filter(|found| found.user.id == *id)
            .ok_or(ErrorKind::InvalidAccessToken)?;
        if found.password_hash.is_some() {
            let required = Violation::new(member, "required", "The member is required.");
            return Err(Error::validation(vec![required]));
        }
        caller.require_recent_sign_in(self.core.clock.now())?;
        Ok(CheckedSession {
            id: caller.session_id,
            user_id: *id,
            credential_version: found.credential_version,
            verified_hash: None,
        })
    }

    /// Records the refusal, and then returns the error for the caller.
    async fn refuse<T>(
        &self,
        caller: &ActiveUser,
        failed: FailedCheck,
        client: &ClientInfo,
    ) -> Result<T> {
        let event = self
            .failures
            .event(EventKind::ReauthenticationFailed, &failed, client)
            .of(caller.user.id)
            .with("session_id", caller.session_id.to_string());
        self.failures
            .record(event, &failed, Recipient::User(caller.user.id))
            .await?;
        Err(match failed.reason {
            // The caller was authenticated earlier, so the session must have ended since.
            FailureReason::AccountDisabled | FailureReason::UnknownAddress => {
                ErrorKind::InvalidAccessToken.into()
            }
            _ => failed.into(),
        })
    }
}
