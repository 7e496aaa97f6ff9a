use std::{net::IpAddr, time::Duration};

use super::Link;
use crate::{clock::Timestamp, outbox::LetterKind, user::EmailAddress};

/// A letter with all that its text says.
///
/// A `User-Agent` is in none of them: it is the caller's own text, and would be a way to have us mail it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Letter {
    /// Somebody registered with an address that has an account.
    AccountExists,
    /// Sign-in is locked after too many failures.
    AccountLocked {
        /// The link that unlocks it.
        link: Link,
        /// For how long it works.
        expires_in: Duration,
    },
    /// The link that makes a new address the one of the account.
    ConfirmEmailChange {
        /// The link.
        link: Link,
        /// For how long it works.
        expires_in: Duration,
    },
    /// The address was changed.
    EmailChanged {
        /// When and from where.
        seen: Seen,
    },
    /// A new address was asked for.
    EmailChangeRequested {
        /// The new one.
        new_email: EmailAddress,
        /// When and from where.
        seen: Seen,
    },
    /// Signing in with a provider was linked to the account.
    IdentityLinked {
        /// When and from where.
        seen: Seen,
    },
    /// A session was opened from a device that was not seen before.
    NewSignIn {
        /// When and from where.
        seen: Seen,
    },
    /// The password was changed or reset.
    PasswordChanged {
        /// When and from where.
        seen: Seen,
    },
    /// A used refresh token came back, and its session was ended.
    RefreshTokenReused {
        /// When and from where.
        seen: Seen,
    },
    /// The link that sets a new password.
    ResetPassword {
        /// The link.
        link: Link,
        /// For how long it works.
        expires_in: Duration,
    },
    /// The link that shows that the address is the user's.
    VerifyEmail {
        /// The link.
        link: Link,
        /// For how long it works.
        expires_in: Duration,
    },
}

/// When and from where something was done.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a plain record")]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// From which address, if it is known.
    pub ip: Option<IpAddr>,
}

impl Letter {
    /// Which letter it is.
    #[must_use]
    pub fn kind(&self) -> LetterKind {
        match self {
            Self::AccountExists => LetterKind::AccountExists,
            Self::AccountLocked { .. } => LetterKind::AccountLocked,
            Self::ConfirmEmailChange { .. } => LetterKind::ConfirmEmailChange,
            Self::EmailChanged { .. } => LetterKind::EmailChanged,
            Self::EmailChangeRequested { .. } => LetterKind::EmailChangeRequested,
            Self::IdentityLinked { .. } => LetterKind::IdentityLinked,
            Self::NewSignIn { .. } => LetterKind::NewSignIn,
            Self::PasswordChanged { .. } => LetterKind::PasswordChanged,
            Self::RefreshTokenReused { .. } => LetterKind::RefreshTokenReused,
            Self::ResetPassword { .. } => LetterKind::ResetPassword,
            Self::VerifyEmail { .. } => LetterKind::VerifyEmail,
        }
    }

    /// The link in it, and for how long that works.
    #[must_use]
    pub fn link(&self) -> Option<(&Link, Duration)> {
        match self {
            Self::AccountLocked { link, expires_in }
            | Self::ConfirmEmailChange { link, expires_in }
            | Self::ResetPassword { link, expires_in }
            | Self::VerifyEmail { link, expires_in } => Some((link, *expires_in)),
            _ => None,
        }
    }

    /// When and from where was done what it tells of.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        match self {
            Self::EmailChanged { seen }
            | Self::EmailChangeRequested { seen, .. }
            | Self::IdentityLinked { seen }
            | Self::NewSignIn { seen }
            | Self::PasswordChanged { seen }
            | Self::RefreshTokenReused { seen } => Some(*seen),
            _ => None,
        }
    }
}
