//! The contract of [`RotationStore`](crate::store::RotationStore).

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        GRACE, MICROSECOND, TASKS, by_id, digest, event, fresh_session, is_live, log_out, now,
        race, rotate, rotated, rotation, set_status,
    },
};
use crate::{
    event::{EventFilter, EventKind},
    token::{EndReason, ReuseClass, RotateSession, Rotation, SessionId, SessionUser},
    user::{User, UserId, UserStatus},
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_token_has_one_successor(store).await;
    one_call_reports_the_reuse_without_grace(store).await;
    the_previous_token_gets_the_same_successor_within_grace(store).await;
    a_successor_of_an_older_key_is_recognised(store).await;
    an_older_token_ends_the_session(store).await;
    a_token_of_a_later_generation_is_gone(store).await;
    a_dead_session_exchanges_nothing(store).await;
    a_logout_wins_against_a_rotation(store).await;
    the_user_of_an_exchangeable_token_is_found(store).await;
}

/// Exactly one of many concurrent rotations writes, and the others get the same successor.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_has_one_successor(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let successor = digest();
    let first = rotation(&session, 0, session.digest, successor);
    let outcomes = race_rotation(store, &first).await;
    let mut winners = 0;
    for outcome in outcomes {
        match outcome {
            Rotation::Rotated(winner) => {
                assert_eq!(winner.user.id, user.id);
                winners += 1;
            }
            Rotation::Superseded(other, live) => {
                assert_eq!(other.user.id, user.id);
                assert_eq!(live, successor, "a second successor");
            }
            other => panic!("a concurrent rotation within grace was {other:?}"),
        }
    }
    assert_eq!(winners, 1, "rotations of one token that were written");
    rotated(store, &rotation(&session, 1, successor, digest())).await;
}

/// Of many rotations without a grace period, exactly one writes, exactly one other reports the reuse and ends the
/// session, and the rest find no session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_call_reports_the_reuse_without_grace(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let mut first = rotation(&session, 0, session.digest, digest());
    first.grace = Duration::ZERO;
    let outcomes = race_rotation(store, &first).await;
    let count = |wanted: fn(&Rotation) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    assert_eq!(count(|outcome| matches!(outcome, Rotation::Rotated(_))), 1);
    assert_eq!(
        count(|outcome| matches!(outcome, Rotation::Reused(..))),
        1,
        "reports of one reuse"
    );
    assert_eq!(
        count(|outcome| matches!(outcome, Rotation::Gone)),
        TASKS - 2
    );
    let of = |outcome: &Rotation| matches!(outcome, Rotation::Reused(of, _) if *of == user.id);
    assert!(outcomes.iter().any(of), "the reuse names the user");
    assert!(!is_live(store, &session, first.now).await);
    assert!(
        !log_out(store, &session).await,
        "the reuse already ended the session"
    );
}

/// A retry gets the same answer until the end of the grace period, even on an instance whose clock is behind. Retries
/// do not extend the period.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_previous_token_gets_the_same_successor_within_grace(store: &Subject) {
    let (_, session) = fresh_session(store).await;
    let successor = digest();
    let mut retry = rotation(&session, 0, session.digest, successor);
    retry.idle_expires_at += Duration::from_secs(5);
    rotated(store, &retry).await;
    let at = retry.now;
    let behind = at - Duration::from_secs(30);
    for now in [at, at + GRACE / 2, behind, at + GRACE] {
        retry.now = now;
        match rotate(store, &retry).await {
            Rotation::Superseded(user, live) => {
                assert_eq!(live, successor);
                assert_eq!(user.idle_expires_at, retry.idle_expires_at);
            }
            other => panic!("a retry within grace, at {now}, was {other:?}"),
        }
    }
    retry.now = at + GRACE + MICROSECOND;
    let class = ReuseClass::SupersededAfterGrace;
    assert_reused(store, &retry, class, "a retry after the grace period").await;
    assert_gone(store, &retry, "a second retry after it").await;
    assert!(!is_live(store, &session, at).await);
}

/// The stored successor may be derived from a retired key.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_successor_of_an_older_key_is_recognised(store: &Subject) {
    let (_, session) = fresh_session(store).await;
    let older = digest();
    rotated(store, &rotation(&session, 0, session.digest, older)).await;
    let mut retry = rotation(&session, 0, session.digest, digest());
    retry.successors.push(older);
    match rotate(store, &retry).await {
        Rotation::Superseded(_, live) => assert_eq!(live, older),
        other => panic!("a successor of an older key was {other:?}"),
    }
    // A successor that is derived from none of the keys is not recognised.
    retry.successors.pop();
    assert_reused(store, &retry, ReuseClass::Forked, "a foreign successor").await;
}

/// Reuse is reported for a token two generations old, for the previous token without a grace
/// period, and for a forged token.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_older_token_ends_the_session(store: &Subject) {
    let (_, session) = fresh_session(store).await;
    let (second, third) = (digest(), digest());
    let first = rotation(&session, 0, session.digest, second);
    rotated(store, &first).await;
    rotated(store, &rotation(&session, 1, second, third)).await;
    let class = ReuseClass::Older;
    assert_reused(store, &first, class, "a token two generations old").await;
    let current = rotation(&session, 2, third, digest());
    assert_gone(store, &current, "the current token after a reuse").await;

    let (_, session) = fresh_session(store).await;
    let mut first = rotation(&session, 0, session.digest, digest());
    first.grace = Duration::ZERO;
    rotated(store, &first).await;
    let class = ReuseClass::SupersededAfterGrace;
    assert_reused(store, &first, class, "the previous token without grace").await;

    let (_, session) = fresh_session(store).await;
    let forged = rotation(&session, 0, digest(), digest());
    let class = ReuseClass::Forked;
    assert_reused(store, &forged, class, "another token of this generation").await;
}

/// A token with a later generation than the stored one is not a sign of theft: it was issued before a backup was
/// restored.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_of_a_later_generation_is_gone(store: &Subject) {
    let (_, session) = fresh_session(store).await;
    let future = rotation(&session, 1, digest(), digest());
    assert_gone(store, &future, "a token from the future").await;
    rotated(store, &rotation(&session, 0, session.digest, digest())).await;
}

/// A token is refused if its session is unknown, belongs to a disabled user, or has an old `credential_version`.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_dead_session_exchanges_nothing(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let current = rotation(&session, 0, session.digest, digest());
    let unknown = RotateSession {
        id: SessionId::new(now()),
        ..current.clone()
    };
    assert_gone(store, &unknown, "an unknown session").await;
    for status in [UserStatus::Disabled, UserStatus::Active] {
        set_status(store, user.id, status).await;
        assert_gone(store, &current, "a session from before disabling").await;
    }

    let (user, session) = fresh_session(store).await;
    let logged_out = event(EventKind::LoggedOutEverywhere);
    let ended = store.end_sessions(user.id, EndReason::LogoutAll, now(), &logged_out);
    assert!(ended.await.expect("end_sessions"));
    let current = rotation(&session, 0, session.digest, digest());
    assert_gone(store, &current, "a session that was logged out").await;
}

/// No token of the session works after a concurrent logout, whichever call runs first.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_logout_wins_against_a_rotation(store: &Subject) {
    for _ in 0..8 {
        let (_, session) = fresh_session(store).await;
        let successor = digest();
        let first = rotation(&session, 0, session.digest, successor);
        let ended = race(4, |index| {
            let (store, session, first) = (Arc::clone(store), session.clone(), first.clone());
            async move {
                if index == 0 {
                    return log_out(&store, &session).await;
                }
                let outcome = rotate(&store, &first).await;
                assert!(
                    !matches!(outcome, Rotation::Reused(..)),
                    "a rotation during a logout was reported as a theft"
                );
                false
            }
        });
        assert!(
            ended.await.contains(&true),
            "the logout did not end the session"
        );
        let next = rotation(&session, 1, successor, digest());
        for token in [&first, &next] {
            assert_gone(store, token, "a token after the logout").await;
        }
        assert!(!is_live(store, &session, session.created_at).await);
    }
}

/// Every call with a current or superseded token finds the user. A call with any other token finds no user.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_user_of_an_exchangeable_token_is_found(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let successor = digest();
    let first = rotation(&session, 0, session.digest, successor);
    for _ in 0..2 {
        let found = to_rotate(store, &first).await.expect("a current token");
        assert_eq!(found.user, user_now(store, user.id).await);
        assert_eq!(found.idle_expires_at, session.idle_expires_at);
        assert_eq!(found.absolute_expires_at, session.absolute_expires_at);
        assert_eq!(found.authenticated_at, session.created_at);
    }
    rotated(store, &first).await;
    let mut retry = first.clone();
    retry.now += GRACE;
    let found = to_rotate(store, &retry).await.expect("a superseded token");
    assert_eq!(found.user.id, user.id);
    retry.now += MICROSECOND;
    let forged = rotation(&session, 1, digest(), digest());
    let future = rotation(&session, 2, digest(), digest());
    let unknown = RotateSession {
        id: SessionId::new(now()),
        ..first.clone()
    };
    for other in [&retry, &forged, &future, &unknown] {
        let found = to_rotate(store, other).await;
        assert!(found.is_none(), "{other:?} is exchangeable");
    }
    // The look-up does not count as a reuse.
    let second = rotation(&session, 1, successor, digest());
    assert!(to_rotate(store, &second).await.is_some());
    assert!(log_out(store, &session).await);
    assert!(to_rotate(store, &second).await.is_none());
}

async fn to_rotate(store: &Subject, rotation: &RotateSession) -> Option<SessionUser> {
    let found = store.session_to_rotate(rotation).await;
    found.expect("session_to_rotate")
}

async fn user_now(store: &Subject, id: UserId) -> User {
    by_id(store, id).await.expect("the user is there")
}

async fn race_rotation(store: &Subject, rotation: &RotateSession) -> Vec<Rotation> {
    let outcomes = race(TASKS, |_| {
        let (store, rotation) = (Arc::clone(store), rotation.clone());
        async move { rotate(&store, &rotation).await }
    });
    outcomes.await
}

/// Asserts that the outcome and the only event both report this class of reuse.
async fn assert_reused(store: &Subject, rotation: &RotateSession, class: ReuseClass, what: &str) {
    let outcome = rotate(store, rotation).await;
    let Rotation::Reused(user, seen) = outcome else {
        panic!("{what} was {outcome:?}");
    };
    assert_eq!(seen, class, "{what}");
    let filter = EventFilter {
        user_id: Some(user),
        kind: Some(EventKind::RefreshTokenReused),
    };
    let events = store.list_events(&filter, None, 10).await;
    let events = events.expect("list_events");
    let [event] = events.as_slice() else {
        panic!("{what} left {} events", events.len());
    };
    assert_eq!(event.detail.get("class"), Some(&class.as_str().into()));
}

async fn assert_gone(store: &Subject, rotation: &RotateSession, what: &str) {
    let outcome = rotate(store, rotation).await;
    assert!(matches!(outcome, Rotation::Gone), "{what} was {outcome:?}");
}
