//! Records of second factors, as stores keep them.

use super::{DeviceId, FactorId};
use crate::{
    clock::Timestamp,
    id::{SessionId, UserId},
    secret::TokenDigest,
};

/// The kind of a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FactorKind {
    /// One-time codes from an authenticator app (RFC 6238).
    Totp,
}

impl FactorKind {
    /// The name used in replies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
        }
    }
}

/// A confirmed second factor, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Factor {
    /// The identifier.
    pub id: FactorId,
    /// The kind.
    pub kind: FactorKind,
    /// The name that the owner gave it.
    pub name: Option<String>,
    /// When its enrolment began.
    pub created_at: Timestamp,
    /// When it was last used. Confirming its enrolment counts as a use.
    pub last_used_at: Option<Timestamp>,
}

/// A user's second factors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct FactorList {
    /// The confirmed factors, oldest first.
    pub items: Vec<Factor>,
    /// The number of unused recovery codes.
    pub recovery_codes_left: u32,
}

/// How many second factors of each kind a user can present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct CountedFactors {
    /// The number of confirmed authenticator apps.
    pub totps: u32,
    /// The number of unused recovery codes.
    pub recovery_codes: u32,
}

/// An authenticator app with its sealed key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct SealedTotp {
    /// The identifier.
    pub id: FactorId,
    /// The encrypted key.
    pub sealed: Vec<u8>,
    /// The time step of the last code that was used; `None` before the first use.
    pub last_step: Option<i64>,
}

/// An authenticator app at the start of its enrolment. It is pending until it is confirmed.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct NewTotp {
    /// The identifier.
    pub id: FactorId,
    /// The user.
    pub user_id: UserId,
    /// The session that can confirm it; `None` for an enrolment at sign-in.
    pub session_id: Option<SessionId>,
    /// The name that the owner gave it.
    pub name: Option<String>,
    /// The encrypted key.
    pub sealed: Vec<u8>,
    /// Whether the user had no confirmed factor when the enrolment was allowed.
    pub is_first: bool,
    /// When the enrolment begins.
    pub created_at: Timestamp,
    /// When the enrolment expires if it is not confirmed.
    pub expires_at: Timestamp,
}

/// The outcome of beginning an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum AddTotp {
    /// The enrolment has begun.
    Added,
    /// The user has [`MAX_FACTORS`](super::MAX_FACTORS) confirmed factors; nothing was written.
    TooMany,
    /// The user has added a factor since the enrolment was allowed; nothing was written.
    Stale,
    /// The user no longer exists or is disabled; nothing was written.
    Gone,
}

/// The confirmation of an enrolment in a session.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct ConfirmTotp {
    /// The session, which has a second factor after the confirmation.
    pub session_id: SessionId,
    /// The user of the session.
    pub user_id: UserId,
    /// The pending factor.
    pub factor_id: FactorId,
    /// The time step of the code, which cannot be used again.
    pub step: i64,
    /// The digests of the recovery codes to store if this is the first factor.
    pub codes: Vec<TokenDigest>,
    /// When the code was presented.
    pub now: Timestamp,
}

/// The outcome of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum ConfirmedTotp {
    /// The factor is confirmed. If it is the first one, the recovery codes were stored, and other pending factors were
    /// deleted.
    Confirmed {
        /// Whether the user had no factor before.
        is_first: bool,
    },
    /// The user has [`MAX_FACTORS`](super::MAX_FACTORS) confirmed factors; nothing was written.
    TooMany,
    /// The user has no such pending factor, or the session has ended; nothing was written.
    NotFound,
}

/// The outcome of removing a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum RemoveFactor {
    /// The factor is removed.
    Removed,
    /// It is the last factor, and the user must have one; nothing was written.
    Required,
    /// The user has no such confirmed factor.
    NotFound,
}

/// A code from an authenticator app that a user presents in a session. It cannot be used again.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct SpentTotp {
    /// The factor.
    pub id: FactorId,
    /// The time step of the code: Unix time divided by 30 s (RFC 6238). It becomes the last step of the factor.
    pub step: i64,
    /// The key, sealed again with the current secret if it was sealed with another one.
    pub resealed: Option<Vec<u8>>,
}

/// A device on which a user is not asked for a second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct RememberedDevice {
    /// The identifier.
    pub id: DeviceId,
    /// The user agent of the sign-in at which it was remembered.
    pub user_agent: Option<String>,
    /// When it was remembered.
    pub created_at: Timestamp,
    /// When it was last accepted in place of a second factor.
    pub last_used_at: Timestamp,
}
