//! Remembered devices in memory.

use std::cmp::Reverse;

use async_trait::async_trait;

use super::{MemoryStore, State, surplus};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    factor::{DeviceId, MAX_DEVICES, RememberedDevice},
    id::UserId,
    store::DeviceStore,
};

#[derive(Debug)]
pub(super) struct DeviceRow {
    pub(super) user_id: UserId,
    pub(super) credential_version: i64,
    pub(super) factor_version: i64,
    pub(super) user_agent: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

#[async_trait]
impl DeviceStore for MemoryStore {
    async fn devices(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<RememberedDevice>, StoreError> {
        Ok(self.state().devices_of(user, now))
    }

    async fn forget_device(
        &self,
        user: UserId,
        id: DeviceId,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        if !state.is_remembered(user, id, now) {
            return Ok(false);
        }
        state.devices.remove(&id);
        state.record(event, Some(user));
        Ok(true)
    }
}

impl State {
    /// A user's remembered devices, most recently used first.
    pub(super) fn devices_of(&self, user: UserId, now: Timestamp) -> Vec<RememberedDevice> {
        let rows = self.devices.iter();
        let mut devices: Vec<RememberedDevice> = rows
            .filter(|(id, _)| self.is_remembered(user, **id, now))
            .map(|(id, row)| RememberedDevice {
                id: *id,
                user_agent: row.user_agent.clone(),
                created_at: row.created_at,
                last_used_at: row.last_used_at,
            })
            .collect();
        devices.sort_by_key(|device| Reverse((device.last_used_at, device.id)));
        devices
    }

    pub(super) fn is_remembered(&self, user: UserId, id: DeviceId, now: Timestamp) -> bool {
        let device = self.devices.get(&id).filter(|row| row.user_id == user);
        device
            .zip(self.users.get(&user))
            .is_some_and(|(row, user)| {
                now < row.expires_at
                    && row.credential_version == user.credential_version
                    && row.factor_version == user.factor_version
            })
    }

    /// Stores a device. If the user has too many devices, the least recently used ones are deleted.
    pub(super) fn remember(&mut self, id: DeviceId, new: DeviceRow) {
        let own = self.devices.iter();
        let own = own.filter(|(_, row)| row.user_id == new.user_id);
        for oldest in surplus(own.map(|(id, row)| (row.last_used_at, *id)), MAX_DEVICES) {
            self.devices.remove(&oldest);
        }
        self.devices.insert(id, new);
    }
}
