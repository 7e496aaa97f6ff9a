//! The contract of [`Limiter`], the calls that clear a counter, and the purge of counters.

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        TASKS, digest, event, fresh_user, new_session, new_token, now, race, reset, try_open,
        try_reset,
    },
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    limit::{Charge, Charged, Held, LimitKey, Lockout, Rate, Rule, Tries},
    secret::{TokenDigest, random_bytes},
    store::Limiter,
    token::{IssueOneTime, Purpose},
    user::{User, UserId},
};

/// A limiter to check.
pub type LimiterSubject = Arc<dyn Limiter>;

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    let limiter: LimiterSubject = Arc::clone(store) as _;
    check_limiter(&limiter).await;
    only_a_success_clears_its_counter(store).await;
    an_unlock_token_is_spent_once(store).await;
    expired_counters_are_purged_and_others_stay(store).await;
}

/// Runs the limiter checks that need no store.
///
/// # Panics
/// If the limiter breaks the contract.
pub async fn check_limiter(limiter: &LimiterSubject) {
    counters_follow_their_rule(limiter).await;
    a_burst_admits_no_more_calls_than_its_size(limiter).await;
    parallel_guesses_stay_within_the_free_attempts(limiter).await;
    counters_after_a_refusal_are_not_charged(limiter).await;
    an_attempt_can_be_taken_back(limiter).await;
    cleared_counter_starts_at_zero(limiter).await;
}

/// At each step, the limiter's decision and the stored counter follow [`Rule::charge`].
///
/// # Panics
/// If the limiter breaks the contract.
pub async fn counters_follow_their_rule(limiter: &LimiterSubject) {
    let short = Lockout {
        free_attempts: 2,
        base_delay: Duration::from_millis(700),
        max_delay: Duration::from_secs(20),
        max_attempts: 9,
    };
    let once = Lockout {
        free_attempts: 1,
        max_attempts: 1,
        ..Lockout::default()
    };
    let rules = [
        Rule::Rate(Rate::per_minute(7).with_burst(3)),
        Rule::Attempts(short),
        Rule::Attempts(Lockout::default()),
        Rule::Attempts(once),
        Rule::Tries(Tries {
            most: 3,
            period: Duration::from_secs(20),
        }),
    ];
    for rule in rules {
        let charge = Charge { key: key(), rule };
        let (mut at, mut model) = (now(), None);
        for step in 0..60 {
            let charged = limiter.charge(&[charge], at).await.expect("charge");
            match (rule.charge(model, at), charged) {
                (Ok(next), Charged::Granted(held)) => {
                    assert_eq!(held, Some(next), "{rule:?}, step {step}");
                    model = Some(next);
                }
                (Err(same), Charged::Refused { position, held }) => {
                    assert_eq!((position, held), (0, same), "{rule:?}, step {step}");
                }
                (rules, does) => panic!("{rule:?} says {rules:?}, the limiter {does:?}"),
            }
            let [a, b] = random_bytes::<2>();
            let millis = u64::from(a) * u64::from(b % 32) * 4;
            at += Duration::from_millis(if step == 50 { 100_000_000 } else { millis });
        }
    }
}

/// Of many concurrent calls, exactly as many are admitted as the burst allows.
///
/// # Panics
/// If the limiter breaks the contract.
pub async fn a_burst_admits_no_more_calls_than_its_size(limiter: &LimiterSubject) {
    let rule = Rule::Rate(Rate::per_minute(60).with_burst(10));
    // The first round finds no counter, and the second round finds an expired one.
    let (key, first) = (key(), now());
    for at in [first, first + Duration::from_secs(3600)] {
        assert_eq!(granted(limiter, Charge { key, rule }, at).await, 10);
    }
}

/// Invariant I6: of several concurrent guesses, only as many are checked as there are free attempts. After a wait,
/// exactly one more guess is checked.
///
/// # Panics
/// If the limiter breaks the contract.
pub async fn parallel_guesses_stay_within_the_free_attempts(limiter: &LimiterSubject) {
    let rule = Rule::Attempts(Lockout::default());
    let (key, first) = (key(), now());
    assert_eq!(granted(limiter, Charge { key, rule }, first).await, 5);
    let later = first + Duration::from_secs(1);
    assert_eq!(granted(limiter, Charge { key, rule }, later).await, 1);
}

/// Counters before a refused counter are charged, and later counters are not.
///
/// # Panics
/// If the limiter breaks the contract.
pub async fn counters_after_a_refusal_are_not_charged(limiter: &LimiterSubject) {
    let at = now();
    let one = Charge {
        key: key(),
        rule: Rule::Rate(Rate::per_minute(60).with_burst(3)),
    };
    let two = Charge {
        key: key(),
        rule: Rule::Rate(Rate::per_minute(60).with_burst(1)),
    };
    let three = Charge {
        key: key(),
        rule: Rule::Attempts(Lockout::default()),
    };
    let all = [one, two, three];
    let first = limiter.charge(&all, at).await.expect("charge");
    assert!(matches!(
        first,
        Charged::Granted(Some(Held { attempts: 1, .. }))
    ));
    let second = limiter.charge(&all, at).await.expect("charge");
    assert!(matches!(second, Charged::Refused { position: 1, .. }));
    let alone = limiter.charge(&[three], at).await.expect("charge");
    assert!(matches!(
        alone,
        Charged::Granted(Some(Held { attempts: 2, .. }))
    ));
    let third = limiter.charge(&[one], at).await.expect("charge");
    assert!(matches!(third, Charged::Granted(_)));
    let fourth = limiter.charge(&all, at).await.expect("charge");
    assert!(matches!(fourth, Charged::Refused { position: 0, .. }));
}

/// A refund removes the attempt together with its wait.
///
/// # Panics
/// If the limiter breaks the contract.
pub async fn an_attempt_can_be_taken_back(limiter: &LimiterSubject) {
    let charge = attempt();
    let at = now();
    limiter.refund(charge.key, at).await.expect("refund");
    assert_eq!(granted(limiter, charge, at).await, 5);
    limiter.refund(charge.key, at).await.expect("refund");
    assert_eq!(granted(limiter, charge, at).await, 1);
    for _ in 0..9 {
        limiter.refund(charge.key, at).await.expect("refund");
    }
    assert_eq!(granted(limiter, charge, at).await, 5);
}

/// Only the cleared counter is removed.
///
/// # Panics
/// If the limiter breaks the contract.
pub async fn cleared_counter_starts_at_zero(limiter: &LimiterSubject) {
    let (one, other) = (attempt(), attempt());
    let at = now();
    for charge in [one, other] {
        assert_eq!(granted(limiter, charge, at).await, 5);
    }
    limiter.clear(one.key).await.expect("clear");
    limiter.clear(key()).await.expect("clear");
    assert_eq!(granted(limiter, one, at).await, 5);
    assert_eq!(granted(limiter, other, at).await, 0);
}

/// A successful sign-in, reset or unlock clears only the counter that it names.
///
/// # Panics
/// If the store breaks the contract.
pub async fn only_a_success_clears_its_counter(store: &Subject) {
    let limiter: LimiterSubject = Arc::clone(store) as _;
    let at = now();
    for (is_fact, left) in [(true, 5), (false, 0)] {
        let user = fresh_user(store).await;
        let counters: Vec<_> = (0..4).map(|_| attempt()).collect();
        for counter in &counters {
            assert_eq!(granted(&limiter, *counter, at).await, 5);
        }
        let [signed_in, unlocked, was_reset, other] = counters.as_slice() else {
            panic!("there are four counters");
        };
        let mut session = new_session(user.id, if is_fact { 0 } else { 1 });
        session.cleared_counter = Some(signed_in.key);
        assert_eq!(try_open(store, &session).await.is_some(), is_fact);
        let token = issued(store, &user, Purpose::Unlock).await;
        let token = if is_fact { token } else { digest() };
        let done = unlock(store, token, Some(unlocked.key)).await;
        assert_eq!(done.is_some(), is_fact);
        let token = issued(store, &user, Purpose::ResetPassword).await;
        let mut reset = reset(if is_fact { token } else { digest() }, "second", at);
        reset.cleared_counter = Some(was_reset.key);
        let spent = try_reset(store, &reset, None).await;
        assert_eq!(spent.is_some(), is_fact);
        for counter in [signed_in, unlocked, was_reset] {
            assert_eq!(granted(&limiter, *counter, at).await, left, "{is_fact}");
        }
        assert_eq!(granted(&limiter, *other, at).await, 0);
    }
}

/// Invariant I1: an unlock token is spent only once. A token for another purpose has no effect.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_unlock_token_is_spent_once(store: &Subject) {
    let user = fresh_user(store).await;
    let other = issued(store, &user, Purpose::VerifyEmail).await;
    assert_eq!(unlock(store, other, None).await, None);
    let token = issued(store, &user, Purpose::Unlock).await;
    let unlocked = race(TASKS, |_| {
        let store = Arc::clone(store);
        async move { unlock(&store, token, None).await }
    });
    let unlocked: Vec<_> = unlocked.await.into_iter().flatten().collect();
    assert_eq!(unlocked, [user.id]);
}

/// Only expired counters are deleted.
///
/// # Panics
/// If the store breaks the contract.
pub async fn expired_counters_are_purged_and_others_stay(store: &Subject) {
    let limiter: LimiterSubject = Arc::clone(store) as _;
    let at = now();
    let long_ago = at - Duration::from_secs(30 * 86_400);
    purge(store, long_ago).await;
    let old: Vec<_> = (0..7).map(|_| attempt()).collect();
    for charge in &old {
        limiter.charge(&[*charge], long_ago).await.expect("charge");
    }
    let live = attempt();
    assert_eq!(granted(&limiter, live, at).await, 5);
    let a_day_later = long_ago + Duration::from_secs(2 * 86_400);
    assert_eq!(purge(store, a_day_later).await, 7);
    assert_eq!(granted(&limiter, live, at).await, 0);
}

async fn purge(store: &Subject, before: Timestamp) -> u64 {
    let (mut deleted, mut after) = (0, None);
    loop {
        let batch = store.purge_limits(before, after, 3).await;
        let batch = batch.expect("purge_limits");
        deleted += batch.deleted;
        match batch.next {
            Some(last) => after = Some(last),
            None => return deleted,
        }
    }
}

async fn issued(store: &Subject, user: &User, purpose: Purpose) -> TokenDigest {
    let issued = store.issue_one_time(&new_token(user, purpose)).await;
    match issued.expect("issue_one_time") {
        IssueOneTime::Live(digest) => digest,
        other => panic!("a fresh token was not kept: {other:?}"),
    }
}

async fn unlock(
    store: &Subject,
    token: TokenDigest,
    cleared_counter: Option<LimitKey>,
) -> Option<UserId> {
    let event = event(EventKind::SignInUnlocked);
    let unlocked = store.unlock(&token, cleared_counter, now(), &event).await;
    unlocked.expect("unlock")
}

/// Makes concurrent calls, and returns how many were admitted.
async fn granted(limiter: &LimiterSubject, charge: Charge, at: Timestamp) -> usize {
    let charged = race(TASKS, |_| {
        let limiter = Arc::clone(limiter);
        async move { limiter.charge(&[charge], at).await.expect("charge") }
    });
    let is_granted = |charged: &Charged| matches!(charged, Charged::Granted(_));
    charged
        .await
        .iter()
        .filter(|charged| is_granted(charged))
        .count()
}

fn attempt() -> Charge {
    Charge {
        key: key(),
        rule: Rule::Attempts(Lockout::default()),
    }
}

fn key() -> LimitKey {
    random_bytes::<16>().into()
}
