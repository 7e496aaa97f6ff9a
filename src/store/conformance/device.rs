//! The contract of [`DeviceStore`](crate::store::DeviceStore), and of the sessions that are opened on remembered
//! devices.

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    challenge::{answered, new_challenge, open, totp},
    factor::enrol,
    fixture::{
        MICROSECOND, TASKS, event, events_of, fresh_session, new_session, now, race, try_open,
    },
};
use crate::{
    event::EventKind,
    factor::{DeviceId, FactorId, MAX_DEVICES, RememberedDevice},
    token::{NewSession, RememberDevice, SecondProof},
    user::{User, UserId},
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    remembered_device_opens_sessions_until_it_expires(store).await;
    forgotten_device_opens_no_session(store).await;
    change_of_the_factors_forgets_devices(store).await;
    user_has_a_bounded_number_of_devices(store).await;
    expired_devices_are_purged(store).await;
}

/// Until a remembered device expires, it can be used to open sessions, but only for its user. Its last use is recorded.
///
/// # Panics
/// If the store breaks the contract.
pub async fn remembered_device_opens_sessions_until_it_expires(store: &Subject) {
    let (user, factor) = with_factor(store).await;
    let device = remember(store, &user, factor, 2).await;
    let end = device.expires_at;
    let session = on_device(&user, device.id);
    assert!(try_open(store, &session).await.is_some());
    let devices = store.devices(user.id, now()).await.expect("devices");
    let [listed] = devices.as_slice() else {
        panic!("one device is remembered: {devices:?}");
    };
    assert_eq!(listed.id, device.id);
    assert_eq!(listed.user_agent.as_deref(), Some("check"));
    assert_eq!(listed.last_used_at, session.created_at);
    let late = NewSession {
        created_at: end,
        ..on_device(&user, device.id)
    };
    assert!(try_open(store, &late).await.is_none());
    let none = store.devices(user.id, end).await.expect("devices");
    assert_eq!(none, []);
    let (other, _) = with_factor(store).await;
    assert!(
        try_open(store, &on_device(&other, device.id))
            .await
            .is_none()
    );
    let unknown = on_device(&user, DeviceId::new(now()));
    assert!(try_open(store, &unknown).await.is_none());
}

/// Of many concurrent calls, exactly one deletes the device, and no session is opened with the device afterwards (I3).
///
/// # Panics
/// If the store breaks the contract.
pub async fn forgotten_device_opens_no_session(store: &Subject) {
    let (user, factor) = with_factor(store).await;
    let device = remember(store, &user, factor, 2).await;
    assert!(!forget(store, UserId::new(now()), device.id).await);
    let forgotten = race(TASKS, |_| {
        let (store, user) = (Arc::clone(store), user.id);
        async move { forget(&store, user, device.id).await }
    })
    .await;
    assert_eq!(forgotten.iter().filter(|done| **done).count(), 1);
    assert!(
        try_open(store, &on_device(&user, device.id))
            .await
            .is_none()
    );
    let events = events_of(store, user.id).await;
    let count = events
        .iter()
        .filter(|event| event.kind == EventKind::DeviceForgotten);
    assert_eq!(count.count(), 1);
}

/// After a change to the factors, a device is no longer remembered.
///
/// # Panics
/// If the store breaks the contract.
pub async fn change_of_the_factors_forgets_devices(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let factor = enrol(store, &session, 1).await;
    let device = remember(store, &user, factor, 2).await;
    enrol(store, &session, 3).await;
    let at_new_version = NewSession {
        factor_version: 2,
        ..on_device(&user, device.id)
    };
    assert!(try_open(store, &at_new_version).await.is_none());
    assert_eq!(listed(store, &user).await, []);
    assert!(!forget(store, user.id, device.id).await);
}

/// At the maximum number of devices, a new device replaces the one that was used longest ago.
///
/// # Panics
/// If the store breaks the contract.
pub async fn user_has_a_bounded_number_of_devices(store: &Subject) {
    let (user, factor) = with_factor(store).await;
    let first = remember(store, &user, factor, 2).await;
    for step in 0..i64::from(MAX_DEVICES) {
        remember(store, &user, factor, 3 + step).await;
    }
    let devices = listed(store, &user).await;
    assert_eq!(u32::try_from(devices.len()), Ok(MAX_DEVICES));
    assert!(devices.iter().all(|device| device.id != first.id));
}

/// Expired devices are purged, and other devices are kept.
///
/// # Panics
/// If the store breaks the contract.
pub async fn expired_devices_are_purged(store: &Subject) {
    let (user, factor) = with_factor(store).await;
    let device = remember(store, &user, factor, 2).await;
    let purge = async |before| {
        let (mut deleted, mut after) = (0, None);
        loop {
            let batch = store.purge_devices(before, after, 3).await;
            let batch = batch.expect("purge_devices");
            deleted += batch.deleted;
            after = match batch.next {
                Some(next) => Some(next),
                None => return deleted,
            };
        }
    };
    purge(device.expires_at - MICROSECOND).await;
    assert_eq!(listed(store, &user).await.len(), 1);
    assert!(purge(device.expires_at).await >= 1);
    assert_eq!(listed(store, &user).await, []);
}

pub(super) async fn with_factor(store: &Subject) -> (User, FactorId) {
    let (user, session) = fresh_session(store).await;
    let factor = enrol(store, &session, 1).await;
    (user, factor)
}

/// Signs in with this step, and remembers the device.
pub(super) async fn remember(
    store: &Subject,
    user: &User,
    factor: FactorId,
    step: i64,
) -> RememberDevice {
    let challenge = new_challenge(user.id);
    open(store, &challenge).await;
    let mut session = answered(user, &challenge, totp(factor, step));
    let device = RememberDevice {
        id: DeviceId::new(now()),
        expires_at: now() + Duration::from_secs(30 * 86_400),
    };
    if let Some(SecondProof::Answer { remember, .. }) = &mut session.second {
        *remember = Some(device);
    }
    let opened = try_open(store, &session).await;
    opened.expect("the answer opens a session");
    device
}

fn on_device(user: &User, id: DeviceId) -> NewSession {
    NewSession {
        factor_version: 1,
        second: Some(SecondProof::Device(id)),
        ..new_session(user.id, 0)
    }
}

async fn listed(store: &Subject, user: &User) -> Vec<RememberedDevice> {
    store.devices(user.id, now()).await.expect("devices")
}

async fn forget(store: &Subject, user: UserId, id: DeviceId) -> bool {
    let forgotten = event(EventKind::DeviceForgotten);
    let done = store.forget_device(user, id, now(), &forgotten).await;
    done.expect("forget_device")
}
