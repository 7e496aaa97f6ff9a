//! The store trait for refresh token rotation.

use async_trait::async_trait;

use crate::{
    error::StoreError,
    event::Event,
    outbox::Intent,
    token::{RotateSession, Rotation, SessionUser},
};

/// Exchanges refresh tokens. Part of [`Store`](crate::store::Store).
///
/// A session is *live* as [`SessionStore`](super::SessionStore) says.
#[async_trait]
pub trait RotationStore: std::fmt::Debug + Send + Sync {
    /// The user of a session whose refresh token is about to be exchanged.
    ///
    /// # Contract
    /// One query, and nothing is written. `None` unless the presented token is, as
    /// [`SessionState::classify`](crate::token::SessionState::classify) says on one snapshot, the
    /// [current](crate::token::Verdict::Current) one, or [superseded](crate::token::Verdict::Superseded) within grace.
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
    /// A token has at most one successor, ever (I2): of any number of concurrent calls one is [`Rotation::Rotated`],
    /// the others learn the same successor or none. The meaning of a token that is not the current one is decided by
    /// [`SessionState::classify`](crate::token::SessionState::classify) on one snapshot, after the write matched
    /// nothing. `rotated_at` changes with a rotation only, to its `now`, or later by as long as the statement waited.
    /// [`Rotation::Reused`] is returned by the one call that ended the session, and writes the event `on_reuse` with
    /// the class ([`ReuseClass::noted_on`](crate::token::ReuseClass::noted_on)), and the mail.
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
