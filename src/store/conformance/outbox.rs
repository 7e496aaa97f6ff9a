//! The contract of [`OutboxStore`](crate::store::OutboxStore).

pub mod budget;
pub mod order;
pub mod ordered;

use std::{collections::HashSet, sync::Arc, time::Duration};

use serde_json::Map;

use super::{
    Subject,
    fixture::{MICROSECOND, TASKS, address, fresh_address, race, unique},
};
use crate::{
    clock::Timestamp,
    mail::{Admission, ClaimedIntent, Intent, IntentId, LetterKind, Ordered, Recipient},
    secret::random_bytes,
    user::UserId,
};

pub(super) const LEASE: Duration = Duration::from_secs(60);
/// The tolerated clock skew.
const SKEW: Duration = Duration::from_secs(30);

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    an_intent_is_claimed_as_added(store).await;
    intents_due_longest_come_first(store).await;
    a_lease_is_exclusive(store).await;
    a_lost_lease_changes_nothing(store).await;
    a_postponed_intent_is_due_later(store).await;
    a_clock_set_back_delays_no_mail(store).await;
    waiting_intents_are_brought_forward_and_leased_ones_are_not(store).await;
    an_order_is_kept_once_by_the_lease_holder(store).await;
    budget::check_all(store).await;
    order::check_all(store).await;
    ordered::check_all(store).await;
}

/// An intent is due as soon as it is created, is returned unchanged, and is deleted on completion.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_intent_is_claimed_as_added(store: &Subject) {
    let at = long_ago();
    let added = enqueued(store, at).await;
    assert!(claim(store, at - MICROSECOND, 10).await.is_empty());
    let claimed = claim_one(store, at).await;
    let intent = &claimed.intent;
    assert_eq!(*intent, added);
    let Recipient::Holder(address) = &intent.recipient else {
        panic!("the recipient is another one: {intent:?}");
    };
    assert!(address.as_str().starts_with("Zo\u{eb}."), "kept as given");
    assert_eq!(claimed.attempt, 1);
    complete(store, &claimed).await;
    complete(store, &claimed).await;
    assert!(claim(store, at + LEASE, 10).await.is_empty());
}

/// A claim takes no more intents than its limit, starting with those that have been due longest.
///
/// # Panics
/// If the store breaks the contract.
pub async fn intents_due_longest_come_first(store: &Subject) {
    let at = long_ago();
    let mut added = Vec::new();
    for offset in [3, 1, 4, 0, 2] {
        added.push(enqueued(store, at + Duration::from_secs(offset)).await);
    }
    added.sort_by_key(|intent| intent.created_at);
    let now = at + Duration::from_secs(3);
    assert!(claim(store, now, 0).await.is_empty());
    let first = claim(store, now, 2).await;
    let second = claim(store, now, 10).await;
    assert_eq!(first.len(), 2, "a claim takes up to its limit");
    assert_eq!(second.len(), 2, "intents that are not due stay");
    let third = claim(store, at + Duration::from_secs(4), 10).await;
    let claimed: Vec<_> = [first, second, third].concat();
    let ids = |intents: &mut dyn Iterator<Item = &Intent>| -> Vec<IntentId> {
        intents.map(|intent| intent.id).collect()
    };
    assert_eq!(
        ids(&mut claimed.iter().map(|claimed| &claimed.intent)),
        ids(&mut added.iter()),
        "intents due longest come first"
    );
    for claimed in &claimed {
        complete(store, claimed).await;
    }
}

/// Concurrent workers never lease the same intent.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_lease_is_exclusive(store: &Subject) {
    let at = long_ago();
    for _ in 0..TASKS * 2 {
        enqueued(store, at).await;
    }
    let claims = race(TASKS, |_| {
        let store = Arc::clone(store);
        async move { claim(&store, at, 3).await }
    });
    let mut claimed = claims.await.concat();
    loop {
        // A concurrent claim may skip rows that another claim has locked.
        let rest = claim(store, at, 10).await;
        if rest.is_empty() {
            break;
        }
        claimed.extend(rest);
    }
    let ids: HashSet<IntentId> = claimed.iter().map(|claimed| claimed.intent.id).collect();
    assert_eq!(claimed.len(), TASKS * 2, "each intent is leased once");
    assert_eq!(ids.len(), claimed.len(), "two workers hold one intent");
    for claimed in &claimed {
        complete(store, claimed).await;
    }
}

/// A worker that lost its lease can neither complete nor postpone the email.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_lost_lease_changes_nothing(store: &Subject) {
    let at = long_ago();
    enqueued(store, at).await;
    let lost = claim_one(store, at).await;
    let before_end = at + LEASE - MICROSECOND;
    assert!(
        claim(store, before_end, 10).await.is_empty(),
        "leased twice"
    );
    let again = at + LEASE;
    let held = claim_one(store, again).await;
    assert_eq!(held.intent.id, lost.intent.id);
    assert_eq!(held.attempt, 2, "each claim counts as an attempt");
    complete(store, &lost).await;
    postpone(store, &lost, at, at).await;
    assert!(
        claim(store, again, 10).await.is_empty(),
        "a lost lease released the intent"
    );
    let third = claim_one(store, again + LEASE).await;
    assert_eq!(third.attempt, 3, "a lost lease removed the intent");
    complete(store, &third).await;
    assert!(claim(store, again + LEASE * 2, 10).await.is_empty());
}

/// A postponed intent is due at the given time.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_postponed_intent_is_due_later(store: &Subject) {
    let at = long_ago();
    enqueued(store, at).await;
    let first = claim_one(store, at).await;
    let later = at + Duration::from_secs(7);
    postpone(store, &first, at, later).await;
    assert!(claim(store, later - MICROSECOND, 10).await.is_empty());
    let second = claim_one(store, later).await;
    assert_eq!(second.attempt, 2);
    complete(store, &second).await;
    assert!(claim(store, later + LEASE, 10).await.is_empty());
}

/// If the clock is set back, postponed, leased and new intents become due. A difference of up to half a minute is
/// tolerated as clock skew.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_clock_set_back_delays_no_mail(store: &Subject) {
    let (at, hour) = (long_ago(), Duration::from_secs(3600));
    enqueued(store, at).await;
    assert!(claim(store, at - SKEW, 10).await.is_empty());
    let before = at - hour;
    let added = claim_one(store, before).await;
    postpone(store, &added, at, at + hour).await;
    assert!(
        claim(store, at - SKEW, 10).await.is_empty(),
        "the intent was postponed"
    );
    let put_off = claim_one(store, at - SKEW - MICROSECOND).await;
    assert!(
        claim(store, at - SKEW, 10).await.is_empty(),
        "the intent is leased"
    );
    let leased = claim_one(store, before).await;
    assert_eq!((put_off.attempt, leased.attempt), (2, 3));

    // Due emails come before postponed emails, and one limit covers both.
    postpone(store, &leased, at, at + hour).await;
    let due = enqueued(store, before).await;
    let first = claim(store, before, 1).await;
    assert_eq!(first.first().map(|first| first.intent.id), Some(due.id));
    assert_eq!(first.len(), 1);
    let second = claim_one(store, before).await;
    assert_eq!(second.intent.id, leased.intent.id);
    for claimed in first.iter().chain([&second]) {
        complete(store, claimed).await;
    }
}

/// The intents that are due soonest are brought forward first, up to the limit. Intents that were not requested
/// recently stay unchanged.
///
/// # Panics
/// If the store breaks the contract.
pub async fn waiting_intents_are_brought_forward_and_leased_ones_are_not(store: &Subject) {
    let at = long_ago();
    let beyond = at + LEASE;
    let minutes = |minutes: u64| at + Duration::from_secs(60 * minutes);
    let mut waiting = Vec::new();
    for (asked_at, due_at) in [(at - LEASE, 5), (at, 4), (at, 3), (at, 2)] {
        enqueued(store, asked_at).await;
        let claimed = claim_one(store, at).await;
        postpone(store, &claimed, at, minutes(due_at)).await;
        waiting.push(claimed.intent.id);
    }
    let leased = enqueued(store, at).await;
    claim_one(store, at).await;
    let forward = async |limit| {
        let moved = store.bring_forward(at, beyond, at, limit).await;
        moved.expect("bring_forward")
    };
    assert_eq!(forward(1).await, 1);
    let soonest = claim_one(store, at).await;
    assert_eq!(Some(&soonest.intent.id), waiting.last());
    complete(store, &soonest).await;
    assert_eq!(forward(10).await, 2);
    let moved = claim(store, at, 10).await;
    assert_eq!(moved.len(), 2);
    for claimed in &moved {
        complete(store, claimed).await;
    }
    assert_eq!(forward(10).await, 0);
    let again = claim_one(store, at + LEASE).await;
    assert_eq!(again.intent.id, leased.id, "a lease was cut short");
    complete(store, &again).await;
    let last = claim_one(store, minutes(5)).await;
    assert_eq!(Some(&last.intent.id), waiting.first());
    complete(store, &last).await;
}

/// Once an email's account is recorded, a later claim does not replace it.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_order_is_kept_once_by_the_lease_holder(store: &Subject) {
    let at = long_ago();
    enqueued(store, at).await;
    let order = |version| Ordered {
        user_id: UserId::new(at),
        address: fresh_address(),
        credential_version: version,
    };
    let (first, second) = (order(3), order(4));
    let keep = async |claimed: &ClaimedIntent, ordered: &Ordered| {
        let kept = store.keep_order(claimed.intent.id, claimed.attempt, ordered);
        kept.await.expect("keep_order")
    };
    let lost = claim_one(store, at).await;
    assert_eq!(lost.ordered, None);
    assert_eq!(lost.ordered_at, lost.intent.created_at);
    let held = claim_one(store, at + LEASE).await;
    assert!(!keep(&lost, &second).await, "a lost lease was accepted");
    assert!(keep(&held, &first).await);
    assert!(keep(&held, &second).await);
    let third = claim_one(store, at + LEASE * 2).await;
    assert_eq!(third.ordered, Some(first));
    complete(store, &third).await;
    assert!(!keep(&third, &second).await);
}

/// A random moment before 2002, when no other email is due.
pub(super) fn long_ago() -> Timestamp {
    let seconds = i64::from(u32::from_be_bytes(random_bytes::<4>()) % 1_000_000_000);
    Timestamp::from_timestamp(seconds, 123_456_000).unwrap_or_default()
}

pub(super) async fn enqueued(store: &Subject, at: Timestamp) -> Intent {
    let intent = Intent {
        id: IntentId::new(at),
        letter: LetterKind::ResetPassword,
        recipient: Recipient::Holder(address(&format!("Zoë.{}@Example.org", unique()))),
        payload: Map::from_iter([("said".to_owned(), "\"{'}\u{e9}".into())]),
        created_at: at,
        not_after: at + Duration::from_secs(1800),
    };
    store
        .enqueue(std::slice::from_ref(&intent), None)
        .await
        .expect("enqueue");
    intent
}

pub(super) async fn claim(store: &Subject, now: Timestamp, limit: u32) -> Vec<ClaimedIntent> {
    let claims = store.claim(now, now + LEASE, limit).await.expect("claim");
    assert!(claims.unreadable.is_empty(), "{claims:?}");
    claims.intents
}

pub(super) async fn claim_one(store: &Subject, now: Timestamp) -> ClaimedIntent {
    let mut claimed = claim(store, now, 10).await;
    assert_eq!(claimed.len(), 1, "one intent is due");
    claimed.pop().expect("one intent is due")
}

pub(super) async fn complete(store: &Subject, claimed: &ClaimedIntent) {
    let completed = store.complete(claimed.intent.id, claimed.attempt);
    completed.await.expect("complete");
}

pub(super) async fn postpone(
    store: &Subject,
    claimed: &ClaimedIntent,
    now: Timestamp,
    due_at: Timestamp,
) {
    let postponed = store.postpone(claimed.intent.id, claimed.attempt, now, due_at, "refused");
    postponed.await.expect("postpone");
}

pub(super) async fn admit(
    store: &Subject,
    claimed: &ClaimedIntent,
    letter: LetterKind,
    email: &str,
    now: Timestamp,
) -> bool {
    let admission = Admission::new(letter, &address(email), now);
    let admitted = store.admit(claimed.intent.id, claimed.attempt, &admission);
    admitted.await.expect("admit")
}
