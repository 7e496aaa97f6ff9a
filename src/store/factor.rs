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
    token::{Checked, RenewedCookie},
};

/// Keeps second factors and recovery codes. This trait is part of [`Store`](crate::store::Store).
///
/// A factor is *pending* until it is confirmed. Its enrolment ends at `expires_at`; from then on,
/// it cannot be confirmed. Only confirmed factors count as the user's second factors. Every change
/// to the confirmed factors or the recovery codes increments the user's `factor_version`, which
/// voids open challenges and remembered devices.
#[async_trait]
pub trait FactorStore: std::fmt::Debug + Send + Sync {
    /// Returns a user's confirmed factors and the number of unused recovery codes.
    ///
    /// # Errors
    /// If the database fails.
    async fn factors(&self, user: UserId) -> Result<FactorList, StoreError>;

    /// Returns a user's confirmed authenticator apps, with their keys.
    ///
    /// # Errors
    /// If the database fails.
    async fn totps(&self, user: UserId) -> Result<Vec<SealedTotp>, StoreError>;

    /// Returns a user's pending authenticator app, if its enrolment has not ended.
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
    /// The call is atomic. If the enrolment is for the first factor, the user must not have a
    /// confirmed factor yet. The user keeps at most [`MAX_FACTORS`](crate::factor::MAX_FACTORS)
    /// pending factors, including the new one; the oldest ones are deleted.
    ///
    /// # Errors
    /// If the database fails.
    async fn add_totp(&self, totp: &NewTotp) -> Result<AddTotp, StoreError>;

    /// Confirms a pending authenticator app, and records a second factor in the session.
    ///
    /// # Contract
    /// The call is atomic, and at most one of any number of concurrent calls confirms the factor.
    /// The session must be live, and the factor must be pending and belong to the user and the
    /// session. Then the code's time step is marked as used, the session gets the method
    /// [`Otp`](crate::token::Method::Otp) and the time of the second factor, and the event and the
    /// email are written. For the first factor, the given recovery codes replace all others, and
    /// other pending factors are deleted, because their enrolments began without a second factor. A
    /// pending change of address is voided for the same reason. Under concurrent calls, a user
    /// never has more than [`MAX_FACTORS`](crate::factor::MAX_FACTORS) confirmed factors.
    ///
    /// # Errors
    /// If the database fails.
    async fn confirm_totp(
        &self,
        confirm: &ConfirmTotp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<ConfirmedTotp, StoreError>;

    /// Removes a confirmed factor of a user. The recovery codes are deleted together with the last
    /// factor. In the user's other sessions, a step-up then needs a second factor again.
    ///
    /// # Contract
    /// The call is atomic. If `is_required` is set, the last factor is never removed, even under
    /// concurrent calls; the call then writes nothing. The call that removes the factor writes the
    /// event and the email.
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

    /// Replaces a user's recovery codes, and returns whether the user has a factor. If the user has
    /// none, nothing is written.
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

    /// Records that the user has presented a code from an authenticator app in this session.
    ///
    /// # Contract
    /// The call is atomic. The session must be live, and the factor must be confirmed and belong to
    /// the user. The code's time step must be later than the factor's last used step, if any. Then
    /// the step is marked as used, the session gets the method [`Otp`](crate::token::Method::Otp),
    /// `authenticated_at` and the time of the second factor are set, and the event is written.
    /// Otherwise the call returns [`Checked::Stale`] and writes nothing. The browser session cookie
    /// must be the current one, and is replaced as in
    /// [`reauthenticate`](super::SessionStore::reauthenticate).
    ///
    /// # Errors
    /// If the database fails.
    async fn authenticate_with_totp(
        &self,
        session: SessionId,
        user: UserId,
        spent: &SpentTotp,
        renewed: Option<&RenewedCookie>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError>;

    /// Removes all of a user's factors, recovery codes and remembered devices, and ends the user's
    /// sessions. Returns whether the user exists.
    ///
    /// # Contract
    /// The call is atomic. It also increments `credential_version`, so that a sign-in whose
    /// credential was checked earlier cannot open a session afterwards. The event and the email are
    /// written if the user exists.
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
