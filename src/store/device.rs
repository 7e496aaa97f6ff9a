//! The store trait for remembered devices.

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    factor::{DeviceId, RememberedDevice},
    id::UserId,
};

/// Keeps remembered devices. This trait is part of [`Store`](crate::store::Store).
///
/// A device is *remembered* while `now < expires_at` and its user still has the
/// `credential_version` and the `factor_version` that the user had when
/// [`open_session`](super::SessionStore::open_session) stored the device.
#[async_trait]
pub trait DeviceStore: std::fmt::Debug + Send + Sync {
    /// Returns a user's remembered devices, most recently used first.
    ///
    /// # Errors
    /// If the database fails.
    async fn devices(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<RememberedDevice>, StoreError>;

    /// Deletes a remembered device of this user, and returns whether this call deleted it. If so,
    /// the event is written as well.
    ///
    /// # Errors
    /// If the database fails.
    async fn forget_device(
        &self,
        user: UserId,
        id: DeviceId,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError>;
}
