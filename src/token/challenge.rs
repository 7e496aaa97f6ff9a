//! Challenges: sign-ins that need another step.

use super::{Method, Methods};
use crate::{
    clock::Timestamp,
    factor::{CountedFactors, DeviceId, FactorId, SealedTotp, SpentTotp},
    id::{UserId, id},
    limit::LimitKey,
    secret::{PasswordHash, TokenDigest},
    user::User,
};

id! {
    /// Identifies a challenge.
    ChallengeId
}

/// The maximum number of tries for one challenge.
pub const MAX_TRIES: u32 = 5;

/// The maximum number of challenges that a store keeps for one user. A newer challenge replaces the oldest one.
pub const MAX_CHALLENGES: u32 = 20;

/// The step that a challenge requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChallengePurpose {
    /// A second factor of the user.
    SecondFactor,
    /// The enrolment of a second factor, for a user who must have one but does not have one yet.
    Enrolment,
}

impl ChallengePurpose {
    /// Every purpose.
    pub const ALL: &[Self] = &[Self::SecondFactor, Self::Enrolment];

    /// The string used in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::Enrolment => "enrolment",
        }
    }

    /// The byte used in tickets.
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::SecondFactor => 1,
            Self::Enrolment => 2,
        }
    }

    pub(super) fn of_byte(byte: u8) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|purpose| purpose.byte() == byte)
    }
}

/// A challenge to be opened after a first proof.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct NewChallenge {
    /// The identifier.
    pub id: ChallengeId,
    /// The step that it requires.
    pub purpose: ChallengePurpose,
    /// The user who gave the first proof.
    pub user_id: UserId,
    /// The version of the user's credentials when the first proof was checked.
    pub credential_version: i64,
    /// The version of the user's second factors when the first proof was checked.
    pub factor_version: i64,
    /// The methods of the first proof.
    pub methods: Methods,
    /// The provider, if the first proof was a sign-in with one.
    pub provider: Option<String>,
    /// The password hash that was verified; `None` if the first proof was not a password.
    pub verified_hash: Option<PasswordHash>,
    /// A new hash of the same password, if the verified hash has outdated parameters.
    pub rehashed: Option<PasswordHash>,
    /// The counter of failed attempts to clear.
    pub cleared_counter: Option<LimitKey>,
    /// When it is opened.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The outcome of opening a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum OpenChallenge {
    /// The challenge is open. These are the factors that the user can present.
    Opened(CountedFactors),
    /// The account has changed since the first proof was checked; nothing was written.
    Stale,
}

/// A challenge for which one more try has just been counted, together with the data that the try is checked against.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Attempted {
    /// The user.
    pub user: User,
    /// The version of the user's credentials when the first proof was checked.
    pub credential_version: i64,
    /// The version of the user's second factors when the first proof was checked.
    pub factor_version: i64,
    /// The step that the challenge requires.
    pub purpose: ChallengePurpose,
    /// The methods of the first proof.
    pub methods: Methods,
    /// The provider, if the first proof was a sign-in with one.
    pub provider: Option<String>,
    /// The user's authenticator apps. For an enrolment, only the pending app.
    pub totps: Vec<SealedTotp>,
    /// The digests of the user's unused recovery codes. Empty for an enrolment.
    pub recovery_codes: Vec<TokenDigest>,
}

/// A device to be remembered when a session is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a plain record between use case and store"
)]
pub struct RememberDevice {
    /// The identifier.
    pub id: DeviceId,
    /// When it is no longer remembered.
    pub expires_at: Timestamp,
}

/// A second proof, which is used up when the session is opened.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new proof would change the contract"
)]
pub enum SecondProof {
    /// A remembered device, instead of a second factor.
    Device(DeviceId),
    /// The answer to a challenge.
    Answer {
        /// The challenge.
        challenge: ChallengeId,
        /// The second factor that is used up together with the challenge.
        spent: SpentFactor,
        /// The device to remember, if any.
        remember: Option<RememberDevice>,
    },
}

/// A second factor that is used up together with a challenge.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new factor would change the contract"
)]
pub enum SpentFactor {
    /// The time step of a code from an authenticator app.
    Totp(SpentTotp),
    /// A recovery code.
    RecoveryCode(TokenDigest),
    /// The time step of the code that confirms a pending authenticator app.
    Enrolled {
        /// The challenge's pending factor.
        id: FactorId,
        /// The code's time step.
        step: i64,
        /// The digests of the recovery codes to store.
        codes: Vec<TokenDigest>,
    },
}

impl SpentFactor {
    /// The method that is added to those of the first proof.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Totp(_) | Self::Enrolled { .. } => Method::Otp,
            Self::RecoveryCode(_) => Method::Recovery,
        }
    }
}
