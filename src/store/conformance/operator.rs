//! The contract of [`OperatorStore`](crate::store::OperatorStore).

use std::{array, time::Duration};

use super::{
    Subject,
    dead_letter::mark_dead,
    fixture::{event, fresh_user, now, set_status, unique, update, updated},
    outbox::{claim_one, complete, enqueued, long_ago},
};
use crate::{
    clock::Timestamp,
    event::{ClientInfo, Event, EventId, EventKind},
    mail::IntentId,
    store::{DayFigures, FIGURE_DAYS, Figures, StoreCondition},
    user::{Role, Roles, UserChange, UserStatus},
};

const DAY: Duration = Duration::from_secs(86_400);

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    users_are_counted(store).await;
    sign_ins_are_counted_by_day(store).await;
    mails_are_counted_by_state(store).await;
    key_keeps_the_time_of_its_first_use(store).await;
}

/// A user is counted at once, by status and role.
///
/// # Panics
/// If the store breaks the contract.
pub async fn users_are_counted(store: &Subject) {
    let before = figures(store, now()).await;
    let (ann, bob) = (fresh_user(store).await, fresh_user(store).await);
    fresh_user(store).await;
    let promote = UserChange {
        roles: Some(Roles::from_iter([Role::ADMIN])),
        ..UserChange::default()
    };
    updated(update(store, ann.id, &promote).await);
    updated(update(store, bob.id, &promote).await);
    let after = figures(store, now()).await;
    assert_eq!(after.users, before.users + 3);
    assert_eq!(after.administrators, before.administrators + 2);
    set_status(store, bob.id, UserStatus::Disabled).await;
    let disabled = figures(store, now()).await;
    assert_eq!(disabled.administrators, before.administrators + 1);
    assert_eq!(disabled.disabled, before.disabled + 1);
    set_status(store, ann.id, UserStatus::Disabled).await;
}

/// An event is counted on the day on which it happened; a day includes its own first moment, but not the first moment
/// of the next day.
///
/// # Panics
/// If the store breaks the contract.
pub async fn sign_ins_are_counted_by_day(store: &Subject) {
    // No other check writes events at this time.
    let last = now() - DAY * 5000;
    let start = last - DAY * 13;
    let record = async |kind, at: Timestamp| {
        let mut event = Event::new(kind, at, &ClientInfo::default());
        event.id = EventId::new(at);
        store.record_event(&event).await.expect("record_event");
    };
    let end = EventId::first_of(start).as_uuid();
    let first = Timestamp::from_timestamp_millis(start.timestamp_millis()).expect("a time");
    assert_eq!(end, EventId::first_of(first).as_uuid());
    for at in [first, first + DAY - Duration::from_millis(1)] {
        record(EventKind::SignedIn, at).await;
    }
    record(EventKind::SignedIn, first - Duration::from_millis(1)).await;
    record(EventKind::SignInFailed, first + DAY).await;
    record(
        EventKind::FactorFailed,
        first + DAY * 2 - Duration::from_millis(1),
    )
    .await;
    record(
        EventKind::SignInLocked,
        first + DAY * 14 - Duration::from_millis(1),
    )
    .await;
    record(EventKind::SignedIn, first + DAY * 14).await;
    record(EventKind::LoggedOut, first).await;
    let mut expected = [DayFigures::default(); FIGURE_DAYS];
    expected[0].signed_in = 2;
    expected[1].failed = 2;
    expected[FIGURE_DAYS - 1].locked = 1;
    let found = figures(store, first + DAY * 13).await;
    assert_eq!(found.days, expected);
}

/// An email is pending until it is marked dead.
///
/// # Panics
/// If the store breaks the contract.
pub async fn mails_are_counted_by_state(store: &Subject) {
    let before = condition(store).await;
    let at = long_ago();
    let intent = enqueued(store, at).await;
    let queued = condition(store).await;
    assert_eq!(queued.pending_mails, before.pending_mails + 1);
    let oldest = before
        .oldest_pending
        .map_or(intent.created_at, |known| known.min(intent.created_at));
    assert_eq!(queued.oldest_pending, Some(oldest));
    let counted = figures(store, now()).await;
    assert_eq!(counted.pending_mails, queued.pending_mails);
    mark_dead(store, &claim_one(store, at).await).await;
    let dead = condition(store).await;
    assert_eq!(dead.pending_mails, before.pending_mails);
    assert_eq!(dead.dead_mails, before.dead_mails + 1);
    let counted = figures(store, now()).await;
    assert_eq!(counted.dead_mails, dead.dead_mails);
    let retry = event(EventKind::MailRetried);
    let retried = store.retry_mail(intent.id, IntentId::new(at), at, &retry);
    retried.await.expect("retry_mail");
    complete(store, &claim_one(store, at).await).await;
    assert_eq!(condition(store).await, before);
}

/// If a key is noted again, the time at which it was first noted stays unchanged.
///
/// # Panics
/// If the store breaks the contract.
pub async fn key_keeps_the_time_of_its_first_use(store: &Subject) {
    let (first, second) = (unique(), unique());
    let start = now() + DAY * 365;
    let note = async |ids: &[String], at| {
        store.note_keys(ids, at).await.expect("note_keys");
    };
    note(std::slice::from_ref(&first), start).await;
    note(&[second.clone(), first.clone()], start + DAY).await;
    note(&[], start).await;
    let keys = condition(store).await.keys;
    let expected = [(second, start + DAY), (first, start)];
    assert_eq!(keys.get(..2), Some(&expected[..]));
}

/// The figures for the fourteen days, the last of which begins at this time.
async fn figures(store: &Subject, last: Timestamp) -> Figures {
    let first = last - DAY * 13;
    let days = array::from_fn(|day| {
        EventId::first_of(first + DAY * u32::try_from(day).unwrap_or_default())
    });
    store.figures(&days).await.expect("figures")
}

async fn condition(store: &Subject) -> StoreCondition {
    store.condition().await.expect("condition")
}
