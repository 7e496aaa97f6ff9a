//! Remembered devices.

use super::Factors;
use crate::{
    error::{ErrorKind, Result},
    event::{ClientInfo, EventKind},
    factor::{DeviceId, RememberedDevice},
    token::ActiveUser,
};

impl Factors {
    /// The devices on which the caller is not asked for a second factor, most recently used first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn devices(&self, caller: &ActiveUser) -> Result<Vec<RememberedDevice>> {
        let now = self.core.clock.now();
        Ok(self.core.store.devices(caller.user.id, now).await?)
    }

    /// Forgets a device: the next sign-in from this device needs a second factor. Its sessions
    /// continue.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if the device is not remembered for the caller.
    pub async fn forget_device(
        &self,
        caller: &ActiveUser,
        id: DeviceId,
        client: &ClientInfo,
    ) -> Result<()> {
        let event = self
            .event(EventKind::DeviceForgotten, caller, client)
            .with("device_id", id.to_string());
        let (user, now) = (caller.user.id, self.core.clock.now());
        if !self.core.store.forget_device(user, id, now, &event).await? {
            return Err(ErrorKind::NotFound.into());
        }
        self.core.trail.publish(&event);
        Ok(())
    }
}
