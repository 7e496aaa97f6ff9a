//! The store trait for second factors.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    factor::{
        AddTotp, ConfirmTotp, ConfirmedTotp, FactorId, FactorList, NewTotp, RemoveFactor,
        SealedTotp, SpentTotp,
    },
    id::{SessionId, UserId},
    outbox::Intent,
    secret::TokenDigest,
    token::Checked,
};

/// Keeps second factors and recovery codes. Part of [`Store`](crate::store::Store).
///
/// A factor is *pending* until it is confirmed, and its enrolment ends at `expires_at`. Only confirmed factors count.
/// Every change of the confirmed factors or the recovery codes increments the user's `factor_version`, which voids
/// open challenges and remembered devices.
#[async_trait]
pub trait FactorStore: std::fmt::Debug + Send + Sync {
    /// The confirmed factors of a user, and the number of unused recovery codes.
    ///
    /// # Errors
    /// If the database fails.
    async fn factors(&self, user: UserId) -> Result<FactorList, StoreError>;

    /// The confirmed authenticator apps of a user, with their keys.
    ///
    /// # Errors
    /// If the database fails.
    async fn totps(&self, user: UserId) -> Result<Vec<SealedTotp>, StoreError>;

    /// A pending authenticator app of a user whose enrolment has not ended.
    ///
    /// # Errors
    /// If the database fails.
    async fn pending_totp(
        &self,
        user: UserId,
        id: FactorId,
        now: Timestamp,
    ) -> Result<Option<SealedTotp>, StoreError>;

    /// Begins the enrolment of an authenticator app.
    ///
    /// # Contract
    /// Atomic. If the enrolment is for the first factor, the user must have none. Afterwards the user has at most
    /// [`MAX_FACTORS`](crate::factor::MAX_FACTORS) pending factors: the oldest ones are deleted.
    ///
    /// # Errors
    /// If the database fails.
    async fn add_totp(&self, totp: &NewTotp) -> Result<AddTotp, StoreError>;

    /// Confirms a pending authenticator app, and makes the session strong.
    ///
    /// # Contract
    /// Atomic, and at most one of any number of concurrent calls confirms the factor. The session must be live, and the
    /// factor must be pending and belong to the user and the session. Then the step is used up, the session gains the method
    /// [`Otp`](crate::token::Method::Otp) and the time of a second factor, and the event and the email are written. For
    /// the first factor, the recovery codes replace all others, and other pending factors are deleted, because they
    /// were begun without a second factor. A pending change of address is voided for the same reason. Under concurrent calls, a user never has more than
    /// [`MAX_FACTORS`](crate::factor::MAX_FACTORS) confirmed factors.
    ///
    /// # Errors
    /// If the database fails.
    async fn confirm_totp(
        &self,
        confirm: &ConfirmTotp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<ConfirmedTotp, StoreError>;

    /// Removes a confirmed factor of a user. With the last factor, the recovery codes are removed too. In the other
    /// sessions of the user, a second factor has to be presented again before a step-up.
    ///
    /// # Contract
    /// Atomic. If `is_required` is set and the factor is the last one, even under concurrent calls, nothing is written.
    /// The call that removes the factor writes the event and the email.
    ///
    /// # Errors
    /// If the database fails.
    async fn remove_factor(
        &self,
        session: SessionId,
        user: UserId,
        id: FactorId,
        is_required: bool,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<RemoveFactor, StoreError>;

    /// Replaces the recovery codes of a user, and returns whether the user has a factor. Without one, nothing is
    /// written.
    ///
    /// # Errors
    /// If the database fails.
    async fn renew_codes(
        &self,
        user: UserId,
        codes: &[TokenDigest],
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<bool, StoreError>;

    /// Records that the user has presented a code of an authenticator app in this session.
    ///
    /// # Contract
    /// Atomic. The session must be live, and the factor must be confirmed, belong to the user, and have no last step or
    /// an earlier one. Then the step is used up, the session gains the method [`Otp`](crate::token::Method::Otp),
    /// `authenticated_at` and the time of a second factor are set, and the event is written. Otherwise the call returns
    /// [`Checked::Stale`] and writes nothing.
    ///
    /// # Errors
    /// If the database fails.
    async fn authenticate_with_totp(
        &self,
        session: SessionId,
        user: UserId,
        spent: &SpentTotp,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError>;

    /// Removes all factors, recovery codes and remembered devices of a user, and ends the user's sessions. Returns
    /// whether there is such a user.
    ///
    /// # Contract
    /// Atomic. Increments `credential_version` as well, so that a sign-in whose credential was checked earlier cannot
    /// open a session afterwards. The event and the email are written if there is such a user.
    ///
    /// # Errors
    /// If the database fails.
    async fn reset_factors(
        &self,
        user: UserId,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<bool, StoreError>;
}
