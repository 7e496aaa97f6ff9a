//! Remembered devices in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, prelude::Uuid};

use super::{
    SeaOrmStore,
    error::store_error,
    event,
    pool::Database,
    row::column,
    transaction::{run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    factor::{DeviceId, RememberedDevice},
    id::UserId,
    store::DeviceStore,
};

/// The condition that a device `d` of a user `u` is remembered at `$2`.
macro_rules! is_remembered {
    () => {
        "d.user_id = $1 AND u.id = d.user_id AND d.expires_at > $2 AND d.credential_version = u.credential_version \
        AND d.factor_version = u.factor_version"
    };
}
pub(super) use is_remembered;

const DEVICES: &str = concat!(
    "SELECT d.id, d.user_agent, d.created_at, d.last_used_at FROM auth_devices d, auth_users u WHERE ",
    is_remembered!(),
    " ORDER BY d.last_used_at DESC, d.id DESC"
);

const FORGET: &str = concat!(
    "DELETE FROM auth_devices WHERE id = $3 AND id IN (SELECT d.id FROM auth_devices d, auth_users u WHERE ",
    is_remembered!(),
    ") RETURNING id"
);

#[async_trait]
impl<D: Database> DeviceStore for SeaOrmStore<D> {
    async fn devices(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<RememberedDevice>, StoreError> {
        let rows = self
            .read(DEVICES, [user.as_uuid().into(), now.into()])
            .await?;
        rows.iter()
            .map(device)
            .collect::<Result<_, _>>()
            .map_err(|error| store_error(&error))
    }

    async fn forget_device(
        &self,
        user: UserId,
        id: DeviceId,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError> {
        transaction!(self, |txn| async {
            let values = [user.as_uuid().into(), now.into(), id.as_uuid().into()];
            let forgotten = !run(txn, FORGET, values).await?.is_empty();
            if forgotten {
                event::insert(txn, event, Some(user)).await?;
            }
            Ok::<_, DbErr>(forgotten)
        })
    }
}

pub(super) fn device(row: &QueryResult) -> Result<RememberedDevice, DbErr> {
    Ok(RememberedDevice {
        id: column::<Uuid>(row, "id")?.into(),
        user_agent: column(row, "user_agent")?,
        created_at: column(row, "created_at")?,
        last_used_at: column(row, "last_used_at")?,
    })
}
