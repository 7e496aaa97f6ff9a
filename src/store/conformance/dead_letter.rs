//! The contract of [`DeadLetterStore`](crate::store::DeadLetterStore).

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{MICROSECOND, address, event, events_of, fresh_user, now, race, unique},
    outbox::{LEASE, admit, claim, claim_one, complete, enqueued, long_ago, postpone},
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    mail::{
        ClaimedIntent, Intent, IntentId, LetterKind, MailEntry, MailStatus, Recipient, RetriedMail,
        RetryMail,
    },
    user::UserId,
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_dead_mail_is_not_claimed_until_it_is_retried(store).await;
    a_retry_is_a_new_mail_of_the_same_order(store).await;
    only_the_lease_holder_marks_a_mail_dead(store).await;
    mails_are_listed_with_their_recipients(store).await;
    old_dead_mails_are_purged(store).await;
}

/// A dead email is not sent until an operator retries it; a retry restores its full lifetime.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_dead_mail_is_not_claimed_until_it_is_retried(store: &Subject) {
    let at = long_ago();
    let intent = enqueued(store, at).await;
    let claimed = claim_one(store, at).await;
    mark_dead(store, &claimed).await;
    assert!(claim(store, at + LEASE * 2, 10).await.is_empty());
    let entry = entry(store, intent.id).await;
    assert_eq!(entry.status, MailStatus::Dead);
    assert_eq!(entry.last_error.as_deref(), Some("no use"));
    assert_eq!(entry.attempts, 1);
    // A late report from the former lease holder does not change a dead email.
    complete(store, &claimed).await;
    postpone(store, &claimed, at, at).await;

    let later = at + Duration::from_secs(86_400);
    let (new, retried) = retry(store, intent.id, later).await;
    assert!(matches!(retried, RetryMail::Retried(_)), "{retried:?}");
    assert!(claim(store, later - MICROSECOND, 10).await.is_empty());
    let again = claim_one(store, later).await;
    assert_eq!((again.intent.id, again.attempt), (new, 1));
    let lifetime = intent.not_after - intent.created_at;
    let expected = Intent {
        id: new,
        created_at: later,
        not_after: later + lifetime,
        ..intent.clone()
    };
    assert_eq!(again.intent, expected);
    assert_eq!(again.ordered_at, intent.created_at);
    // A retry does not take a leased email from its worker.
    assert_eq!(retry(store, new, later).await.1, RetryMail::Pending);
    assert!(claim(store, later, 10).await.is_empty());
    complete(store, &again).await;
    for id in [intent.id, new, IntentId::new(now())] {
        assert_eq!(retry(store, id, later).await.1, RetryMail::NotFound);
    }
}

/// The account and the time of the old email are carried over to the new email, which is not counted against the budget
/// again. The event names the actor, the letter and the user.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_retry_is_a_new_mail_of_the_same_order(store: &Subject) {
    let (at, user, admin) = (long_ago(), fresh_user(store).await, UserId::new(now()));
    let intent = Intent::new(LetterKind::NewSignIn, Recipient::User(user.id), at, LEASE);
    let intents = std::slice::from_ref(&intent);
    store.enqueue(intents, None).await.expect("enqueue");
    let first = claim_one(store, at).await;
    let ordered = first.ordered.clone();
    assert_eq!(ordered.as_ref().map(|of| of.user_id), Some(user.id));
    assert!(admit(store, &first, intent.letter, user.email.as_str(), at).await);
    mark_dead(store, &first).await;

    let event = event(EventKind::MailRetried).by(admin);
    let outcomes = race(8, |_| {
        let (store, event) = (Arc::clone(store), event.clone());
        let (id, new) = (intent.id, IntentId::new(at));
        async move {
            let retried = store.retry_mail(id, new, at + LEASE, &event).await;
            retried.expect("retry_mail")
        }
    });
    let outcomes = outcomes.await;
    let retried = outcomes
        .iter()
        .filter(|outcome| **outcome != RetryMail::NotFound);
    let retried: Vec<_> = retried.collect();
    let expected = RetriedMail {
        letter: "new_sign_in".to_owned(),
        user_id: Some(user.id),
    };
    assert_eq!(retried, [&RetryMail::Retried(expected.clone())]);
    let events = events_of(store, user.id).await;
    assert!(events.contains(&expected.noted_on(&event)), "{events:?}");
    let again = claim_one(store, at + LEASE).await;
    assert_eq!((again.ordered.clone(), again.admitted), (ordered, true));
    assert_eq!(again.ordered_at, at);
    complete(store, &again).await;
}

/// A worker that lost its lease cannot mark the email dead.
///
/// # Panics
/// If the store breaks the contract.
pub async fn only_the_lease_holder_marks_a_mail_dead(store: &Subject) {
    let at = long_ago();
    enqueued(store, at).await;
    let lost = claim_one(store, at).await;
    let held = claim_one(store, at + LEASE).await;
    mark_dead(store, &lost).await;
    let third = claim_one(store, at + LEASE * 2).await;
    assert_eq!(third.intent.id, held.intent.id);
    complete(store, &third).await;
}

/// The list is in descending order of id, and shows the intent's or the user's address.
///
/// # Panics
/// If the store breaks the contract.
pub async fn mails_are_listed_with_their_recipients(store: &Subject) {
    let user = fresh_user(store).await;
    // These identifiers are older than current ones and newer than those of other checks.
    let at = now() - Duration::from_secs(86_400);
    let new_address = address(&format!("{}@example.org", unique()));
    let intents = [
        Recipient::Holder(address("Asked@example.org")),
        Recipient::NewAddress(user.id, new_address.clone()),
        Recipient::User(user.id),
    ]
    .map(|recipient| Intent::new(LetterKind::VerifyEmail, recipient, at, LEASE));
    store.enqueue(&intents, None).await.expect("enqueue");
    let listed = list(store, Some(MailStatus::Pending), None, 200).await;
    let ours = |entry: &&MailEntry| intents.iter().any(|intent| intent.id == entry.id);
    let mut found: Vec<&MailEntry> = listed.iter().filter(ours).collect();
    assert!(found.is_sorted_by(|one, next| one.id > next.id));
    found.sort_by_key(|entry| intents.iter().position(|intent| intent.id == entry.id));
    let recipients: Vec<_> = found
        .iter()
        .map(|entry| (entry.recipient.as_ref().map(|a| a.as_str()), entry.user_id))
        .collect();
    let expected = [
        (Some("Asked@example.org"), None),
        (Some(new_address.as_str()), Some(user.id)),
        (Some(user.email.as_str()), Some(user.id)),
    ];
    assert_eq!(recipients, expected);
    let first = list(store, None, None, 1).await;
    let rest = list(store, None, first.first().map(|entry| entry.id), 200).await;
    assert!(
        rest.iter()
            .all(|entry| first.iter().all(|f| entry.id < f.id))
    );
    let dead = list(store, Some(MailStatus::Dead), None, 200).await;
    assert!(dead.iter().all(|entry| entry.status == MailStatus::Dead));
    for claimed in claim(store, at, 10).await {
        complete(store, &claimed).await;
    }
}

/// Only old dead emails are purged.
///
/// # Panics
/// If the store breaks the contract.
pub async fn old_dead_mails_are_purged(store: &Subject) {
    let at = long_ago();
    let dead = enqueued(store, at).await;
    mark_dead(store, &claim_one(store, at).await).await;
    let pending = enqueued(store, at).await;
    let purge = async |before| store.purge_mail(before, before).await.expect("purge_mail");
    purge(at).await;
    assert_eq!(entry(store, dead.id).await.status, MailStatus::Dead);
    purge(at + MICROSECOND).await;
    let (_, retried) = retry(store, dead.id, at).await;
    assert_eq!(retried, RetryMail::NotFound, "the email is still listed");
    let left = claim_one(store, at).await;
    assert_eq!(left.intent.id, pending.id);
    complete(store, &left).await;
}

pub(super) async fn mark_dead(store: &Subject, claimed: &ClaimedIntent) {
    let buried = store.mark_dead(claimed.intent.id, claimed.attempt, "no use");
    buried.await.expect("mark_dead");
}

/// Retries an email, and returns the identifier of the new email and the outcome.
async fn retry(store: &Subject, id: IntentId, now: Timestamp) -> (IntentId, RetryMail) {
    let (new, event) = (IntentId::new(now), event(EventKind::MailRetried));
    let retried = store.retry_mail(id, new, now, &event).await;
    (new, retried.expect("retry_mail"))
}

async fn list(
    store: &Subject,
    status: Option<MailStatus>,
    after: Option<IntentId>,
    limit: u32,
) -> Vec<MailEntry> {
    let listed = store.list_mail(status, after, limit).await;
    listed.expect("list_mail")
}

async fn entry(store: &Subject, id: IntentId) -> MailEntry {
    let listed = list(store, None, None, u32::MAX).await;
    let found = listed.into_iter().find(|entry| entry.id == id);
    found.expect("the email is listed")
}
