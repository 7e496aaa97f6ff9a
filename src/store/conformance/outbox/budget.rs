//! Email budgets.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    mail::{ClaimedIntent, LetterKind},
    store::conformance::{
        Subject,
        fixture::{TASKS, race, unique},
        outbox::{LEASE, admit, claim, claim_one, complete, enqueued, long_ago},
    },
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_budget_allows_one_mail_a_minute_and_five_an_hour(store).await;
    one_worker_of_a_race_is_admitted(store).await;
    a_lost_lease_takes_nothing_from_a_budget(store).await;
}

/// The time window of a budget is exact, and each pair of letter and address has its own budget.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_budget_allows_one_mail_a_minute_and_five_an_hour(store: &Subject) {
    let at = long_ago();
    let email = format!("{}@example.org", unique());
    let ask = async |letter, email: &str, seconds| {
        let now = at + Duration::from_secs(seconds);
        let claimed = fresh_claim(store, now).await;
        let admitted = admit(store, &claimed, letter, email, now).await;
        complete(store, &claimed).await;
        admitted
    };
    let reset = LetterKind::ResetPassword;
    assert!(ask(reset, &email, 0).await);
    assert!(!ask(reset, &email, 0).await);
    assert!(!ask(reset, &email.to_uppercase(), 59).await);
    assert!(ask(LetterKind::VerifyEmail, &email, 59).await);
    assert!(ask(reset, &format!("other-{email}"), 59).await);
    for seconds in [60, 120, 180, 240] {
        assert!(ask(reset, &email, seconds).await, "{seconds}");
    }
    assert!(!ask(reset, &email, 300).await, "a sixth in an hour");
    assert!(!ask(reset, &email, 3599).await, "a sixth in an hour");
    assert!(ask(reset, &email, 3600).await);
    assert!(!ask(reset, &email, 3659).await);
    assert!(ask(reset, &email, 3660).await);
}

/// If many workers each hold an email to the same address, only one of the emails is admitted.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_worker_of_a_race_is_admitted(store: &Subject) {
    let at = long_ago();
    for _ in 0..TASKS {
        enqueued(store, at).await;
    }
    let mut claimed = Vec::new();
    while claimed.len() < TASKS {
        claimed.extend(claim(store, at, 10).await);
    }
    let email = format!("{}@example.org", unique());
    for (seconds, expected) in [(0, 1), (59, 0), (60, 1)] {
        let admitted = race(TASKS, |index| {
            let (store, email) = (Arc::clone(store), email.clone());
            let claimed = claimed.get(index).expect("each has one").clone();
            let now = at + Duration::from_secs(seconds);
            async move { admit(&store, &claimed, LetterKind::ResetPassword, &email, now).await }
        });
        let admitted = admitted.await.into_iter().filter(|admitted| *admitted);
        assert_eq!(admitted.count(), expected, "after {seconds} s");
    }
    for claimed in &claimed {
        complete(store, claimed).await;
    }
}

/// A worker that lost its lease cannot get an email admitted, and an admission is final.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_lost_lease_takes_nothing_from_a_budget(store: &Subject) {
    let at = long_ago();
    enqueued(store, at).await;
    let lost = claim_one(store, at).await;
    let again = at + LEASE;
    let held = claim_one(store, again).await;
    assert!(!lost.admitted && !held.admitted);
    let email = format!("{}@example.org", unique());
    let letter = LetterKind::ResetPassword;
    assert!(!admit(store, &lost, letter, &email, again).await);
    assert!(admit(store, &held, letter, &email, again).await);
    let third = claim_one(store, again + LEASE).await;
    assert!(third.admitted);
    complete(store, &third).await;
}

async fn fresh_claim(store: &Subject, at: Timestamp) -> ClaimedIntent {
    enqueued(store, at).await;
    claim_one(store, at).await
}
