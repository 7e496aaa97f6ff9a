//! The store trait for challenges.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    factor::{AddTotp, NewTotp},
    id::UserId,
    token::{Attempted, ChallengeId, NewChallenge, OpenChallenge},
};

/// Keeps challenges: sign-ins that need another step. This trait is part of
/// [`Store`](crate::store::Store).
///
/// A challenge is *open* while it is neither spent nor expired (`now < expires_at`), and fewer than
/// [`MAX_TRIES`](crate::token::MAX_TRIES) tries were counted for it. In addition, its user must be
/// active, and must still have the challenge's `credential_version` and `factor_version`.
/// [`open_session`](super::SessionStore::open_session) spends the challenge.
#[async_trait]
pub trait ChallengeStore: std::fmt::Debug + Send + Sync {
    /// Opens a challenge after the first proof of a sign-in was accepted, and returns how many
    /// factors the user can present.
    ///
    /// # Contract
    /// The call is atomic. The challenge is opened if and only if, at the time of the write, the
    /// user is active and has the given `credential_version`, the given `factor_version` and the
    /// verified password hash. The same step stores the rehashed password, clears the attempts in
    /// `cleared_counter`, and deletes the user's oldest challenges, so that at most
    /// [`MAX_CHALLENGES`](crate::token::MAX_CHALLENGES) are left. Otherwise nothing is written.
    ///
    /// # Errors
    /// If the database fails.
    async fn open_challenge(&self, challenge: &NewChallenge) -> Result<OpenChallenge, StoreError>;

    /// Counts a try for one of this user's open challenges, and returns the data to check the try against; `None` if
    /// the challenge is not open.
    ///
    /// # Contract
    /// The try is counted before the call returns: of any number of concurrent calls, at most
    /// [`MAX_TRIES`](crate::token::MAX_TRIES) per challenge get a result.
    ///
    /// # Errors
    /// If the database fails.
    async fn attempt_challenge(
        &self,
        id: ChallengeId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<Attempted>, StoreError>;

    /// Begins the enrolment that an open challenge of purpose
    /// [`Enrolment`](crate::token::ChallengePurpose::Enrolment) requires.
    ///
    /// # Contract
    /// The call is atomic, and does not count as a try. The new pending factor replaces the pending
    /// factor of an earlier call. If the challenge is not open, the call returns [`AddTotp::Gone`]
    /// and writes nothing.
    ///
    /// # Errors
    /// If the database fails.
    async fn enrol_totp(&self, id: ChallengeId, totp: &NewTotp) -> Result<AddTotp, StoreError>;
}
