//! A failed password check, for the audit trail.

use std::time::Duration;

use crate::{
    admission::Locked,
    error::{Error, ErrorKind},
    user::UserId,
};

/// A failed check, for the audit trail. The caller sees only the error into which it is converted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailedCheck {
    /// The account's user; `None` if the address has no account.
    pub(crate) user_id: Option<UserId>,
    /// The reason.
    pub(crate) reason: FailureReason,
    /// Whether the owner is notified that a lockout has begun.
    pub(crate) is_notified: bool,
}

/// The reason why a check failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureReason {
    /// The password was right, but the account is disabled.
    AccountDisabled,
    /// The password was right, but the address is not verified.
    EmailNotVerified,
    /// The account has no password.
    NoPassword,
    /// Too many attempts in a row had failed, so the password was not checked.
    TooManyAttempts {
        /// The time until the next attempt is allowed.
        retry_after: Duration,
    },
    /// The address has no account.
    UnknownAddress,
    /// The password was wrong.
    WrongPassword,
}

impl FailedCheck {
    pub(crate) fn of(user: UserId, reason: FailureReason) -> Self {
        Self {
            user_id: Some(user),
            reason,
            is_notified: false,
        }
    }

    pub(crate) fn of_nobody() -> Self {
        Self {
            user_id: None,
            reason: FailureReason::UnknownAddress,
            is_notified: false,
        }
    }

    /// A failure without a user, because the account was not looked up.
    pub(crate) fn locked(Locked { retry_after }: Locked) -> Self {
        Self {
            user_id: None,
            reason: FailureReason::TooManyAttempts { retry_after },
            is_notified: false,
        }
    }

    /// Whether to notify the owner.
    pub(crate) fn notified(self, is_notified: bool) -> Self {
        Self {
            is_notified,
            ..self
        }
    }
}

impl FailureReason {
    /// The name of the reason, as used in events.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AccountDisabled => "account_disabled",
            Self::EmailNotVerified => "email_not_verified",
            Self::NoPassword => "no_password",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::UnknownAddress => "unknown_address",
            Self::WrongPassword => "wrong_password",
        }
    }
}

impl From<FailedCheck> for Error {
    /// Only the right password reveals a disabled account or an unverified address; all other failures look the same.
    fn from(failed: FailedCheck) -> Self {
        let kind = match failed.reason {
            FailureReason::AccountDisabled => ErrorKind::AccountDisabled,
            FailureReason::EmailNotVerified => ErrorKind::EmailNotVerified,
            FailureReason::TooManyAttempts { retry_after } => {
                return Self::new(ErrorKind::TooManyAttempts).with_retry_after(retry_after);
            }
            FailureReason::NoPassword
            | FailureReason::UnknownAddress
            | FailureReason::WrongPassword => ErrorKind::InvalidCredentials,
        };
        kind.into()
    }
}
