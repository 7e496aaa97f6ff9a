//! The store trait for refresh token rotation.

use async_trait::async_trait;

use crate::{
    error::StoreError,
    event::Event,
    outbox::Intent,
    token::{RotateSession, Rotation, SessionUser},
};

/// Exchanges refresh tokens. This trait is part of [`Store`](crate::store::Store).
///
/// A session is *live* as defined by [`SessionStore`](super::SessionStore).
#[async_trait]
pub trait RotationStore: std::fmt::Debug + Send + Sync {
    /// Returns the user of a session whose refresh token is about to be exchanged.
    ///
    /// # Contract
    /// The call runs one query and writes nothing. It returns `None` unless
    /// [`SessionState::classify`](crate::token::SessionState::classify), applied to one snapshot,
    /// finds the presented token [current](crate::token::Verdict::Current), or
    /// [superseded](crate::token::Verdict::Superseded) within the grace period.
    ///
    /// # Errors
    /// If the database fails.
    async fn session_to_rotate(
        &self,
        rotation: &RotateSession,
    ) -> Result<Option<SessionUser>, StoreError>;

    /// Exchanges a refresh token for its successor.
    ///
    /// # Contract
    /// A token never gets more than one successor (I2): of any number of concurrent calls, one
    /// returns [`Rotation::Rotated`], and the others get the same successor or none. If the write
    /// matches no row, [`SessionState::classify`](crate::token::SessionState::classify) classifies
    /// the token based on one snapshot. Only a rotation changes `rotated_at`, and sets it to the
    /// `now` of the rotation plus the time for which the statement waited. If a reuse ends the session, only the call
    /// that ended it returns [`Rotation::Reused`]. That call writes the event
    /// `on_reuse` with the class of the reuse
    /// ([`ReuseClass::noted_on`](crate::token::ReuseClass::noted_on)), and the email.
    ///
    /// # Errors
    /// If the database fails.
    async fn rotate_session(
        &self,
        rotation: &RotateSession,
        on_reuse: &Event,
        mail: Option<&Intent>,
    ) -> Result<Rotation, StoreError>;
}
