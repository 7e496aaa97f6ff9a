//! The contract of [`FactorStore`](crate::store::FactorStore).

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        MICROSECOND, TASKS, credentials, digest, event, events_of, fresh_session, fresh_user,
        is_live, log_out, new_session, now, race, race_each, try_open,
    },
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    factor::{
        AddTotp, ConfirmTotp, ConfirmedTotp, FactorId, FactorList, MAX_FACTORS, NewTotp,
        RemoveFactor, SpentTotp,
    },
    secret::TokenDigest,
    token::{Checked, Method, NewSession, SessionUser},
    user::{User, UserId},
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    pending_factor_does_not_count(store).await;
    confirmation_stores_the_codes_of_the_first_factor(store).await;
    confirmation_needs_a_live_session_and_its_own_factor(store).await;
    first_factor_voids_the_enrolments_begun_without_it(store).await;
    concurrent_confirmations_confirm_once(store).await;
    user_never_has_more_than_the_maximum(store).await;
    removal_keeps_a_required_factor(store).await;
    concurrent_removals_keep_a_required_factor(store).await;
    new_codes_replace_the_others(store).await;
    step_is_used_once_by_concurrent_sessions(store).await;
    reset_removes_everything_and_ends_the_sessions(store).await;
}

/// A pending factor can be looked up until its enrolment ends, but does not appear in lists.
///
/// # Panics
/// If the store breaks the contract.
pub async fn pending_factor_does_not_count(store: &Subject) {
    let user = fresh_user(store).await;
    let totp = new_totp(user.id);
    assert_eq!(add(store, &totp).await, AddTotp::Added);
    let pending = store.pending_totp(user.id, totp.id, totp.expires_at - MICROSECOND);
    let pending = pending.await.expect("pending_totp");
    let pending = pending.expect("the factor is pending");
    assert_eq!((pending.sealed, pending.last_step), (totp.sealed, None));
    let late = store.pending_totp(user.id, totp.id, totp.expires_at).await;
    assert!(late.expect("pending_totp").is_none());
    let other = fresh_user(store).await;
    let foreign = store.pending_totp(other.id, totp.id, totp.created_at).await;
    assert!(foreign.expect("pending_totp").is_none());
    assert_eq!(list(store, user.id).await, FactorList::default());
    assert!(store.totps(user.id).await.expect("totps").is_empty());
    assert_eq!(credentials(store, &user).await.second_factors, 0);
    for _ in 0..MAX_FACTORS {
        let later = NewTotp {
            created_at: totp.created_at + MICROSECOND,
            ..new_totp(user.id)
        };
        assert_eq!(add(store, &later).await, AddTotp::Added);
    }
    let replaced = store.pending_totp(user.id, totp.id, totp.created_at).await;
    assert!(replaced.expect("pending_totp").is_none());
    let nobody = new_totp(UserId::new(now()));
    assert_eq!(add(store, &nobody).await, AddTotp::Gone);
}

/// Confirming the first factor stores the recovery codes; confirming a later one does not. Both
/// confirmations are recorded in the session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn confirmation_stores_the_codes_of_the_first_factor(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let before = seen(store, &session).await;
    assert!(!before.has_second_factor && before.second_factor_at.is_none());
    let first = totp_of(&session);
    assert_eq!(add(store, &first).await, AddTotp::Added);
    let confirm = confirmation(&session, first.id, 7);
    assert_eq!(
        confirmed(store, &confirm).await,
        ConfirmedTotp::Confirmed { is_first: true }
    );
    let after = seen(store, &session).await;
    assert!(after.has_second_factor);
    assert_eq!(after.second_factor_at, Some(confirm.now));
    assert_eq!(after.authenticated_at, confirm.now);
    let strong = before.methods.with_second_factor(Method::Otp);
    assert_eq!(after.methods, strong);
    let held = credentials(store, &user).await;
    assert_eq!((held.second_factors, held.factor_version), (1, 1));
    let totps = store.totps(user.id).await.expect("totps");
    let [totp] = totps.as_slice() else {
        panic!("one factor is confirmed: {totps:?}");
    };
    assert_eq!((totp.id, totp.last_step), (first.id, Some(7)));

    let second = totp_of(&session);
    assert_eq!(add(store, &second).await, AddTotp::Added);
    let confirm = confirmation(&session, second.id, 8);
    assert_eq!(
        confirmed(store, &confirm).await,
        ConfirmedTotp::Confirmed { is_first: false }
    );
    let factors = list(store, user.id).await;
    let ids: Vec<FactorId> = factors.items.iter().map(|factor| factor.id).collect();
    assert_eq!(ids, [first.id, second.id]);
    assert_eq!(factors.recovery_codes_left, 2);
    assert_eq!(count(store, user.id, EventKind::FactorAdded).await, 2);
}

/// A confirmation fails in a session that has ended, in another user's session, and for a factor that is already
/// confirmed.
///
/// # Panics
/// If the store breaks the contract.
pub async fn confirmation_needs_a_live_session_and_its_own_factor(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let totp = totp_of(&session);
    assert_eq!(add(store, &totp).await, AddTotp::Added);
    let (_, foreign) = fresh_session(store).await;
    let late = ConfirmTotp {
        now: totp.expires_at,
        ..confirmation(&session, totp.id, 1)
    };
    for refused in [confirmation(&foreign, totp.id, 1), late] {
        assert_eq!(confirmed(store, &refused).await, ConfirmedTotp::NotFound);
    }
    let confirm = confirmation(&session, totp.id, 1);
    assert!(log_out(store, &session).await);
    assert_eq!(confirmed(store, &confirm).await, ConfirmedTotp::NotFound);
    let session = opened(store, &user).await;
    let confirm = confirmation(&session, totp.id, 1);
    assert_eq!(
        confirmed(store, &confirm).await,
        ConfirmedTotp::NotFound,
        "another session of the user has begun it"
    );
    let totp = totp_of(&session);
    assert_eq!(add(store, &totp).await, AddTotp::Added);
    let confirm = confirmation(&session, totp.id, 1);
    assert!(matches!(
        confirmed(store, &confirm).await,
        ConfirmedTotp::Confirmed { .. }
    ));
    assert_eq!(confirmed(store, &confirm).await, ConfirmedTotp::NotFound);
    assert_eq!(count(store, user.id, EventKind::FactorAdded).await, 1);
}

/// An enrolment that began without a second factor ends when the first factor is confirmed.
///
/// # Panics
/// If the store breaks the contract.
pub async fn first_factor_voids_the_enrolments_begun_without_it(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let other = opened(store, &user).await;
    let first = NewTotp {
        is_first: true,
        ..totp_of(&session)
    };
    let rival = NewTotp {
        is_first: true,
        ..totp_of(&other)
    };
    for totp in [&first, &rival] {
        assert_eq!(add(store, totp).await, AddTotp::Added);
    }
    let confirm = confirmation(&session, first.id, 1);
    let done = confirmed(store, &confirm).await;
    assert_eq!(done, ConfirmedTotp::Confirmed { is_first: true });
    let confirm = confirmation(&other, rival.id, 1);
    assert_eq!(confirmed(store, &confirm).await, ConfirmedTotp::NotFound);
    let late = NewTotp {
        is_first: true,
        ..new_totp(user.id)
    };
    assert_eq!(add(store, &late).await, AddTotp::Stale);
}

/// If the same factor is confirmed concurrently, exactly one confirmation succeeds.
///
/// # Panics
/// If the store breaks the contract.
pub async fn concurrent_confirmations_confirm_once(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let totp = totp_of(&session);
    assert_eq!(add(store, &totp).await, AddTotp::Added);
    let confirm = confirmation(&session, totp.id, 1);
    let outcomes = race(TASKS, |_| {
        let (store, confirm) = (Arc::clone(store), confirm.clone());
        async move { confirmed(&store, &confirm).await }
    })
    .await;
    let done = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ConfirmedTotp::Confirmed { is_first: true }));
    assert_eq!(done.count(), 1, "{outcomes:?}");
    let held = credentials(store, &user).await;
    assert_eq!((held.second_factors, held.factor_version), (1, 1));
}

/// Concurrent calls confirm pending factors up to the maximum, and no further enrolment can begin.
///
/// # Panics
/// If the store breaks the contract.
pub async fn user_never_has_more_than_the_maximum(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    enrol(store, &session, 1).await;
    enrol(store, &session, 2).await;
    let mut pending = Vec::new();
    for _ in 0..MAX_FACTORS {
        let totp = totp_of(&session);
        assert_eq!(add(store, &totp).await, AddTotp::Added);
        pending.push(confirmation(&session, totp.id, 3));
    }
    let outcomes = race_each(pending, |confirm| {
        let store = Arc::clone(store);
        async move { confirmed(&store, &confirm).await }
    })
    .await;
    let refused = outcomes
        .iter()
        .filter(|outcome| **outcome == ConfirmedTotp::TooMany);
    assert_eq!(refused.count(), 2, "{outcomes:?}");
    assert_eq!(credentials(store, &user).await.second_factors, MAX_FACTORS);
    assert_eq!(add(store, &new_totp(user.id)).await, AddTotp::TooMany);
}

/// The last factor can be removed unless it is required, and the recovery codes are deleted with
/// it.
///
/// # Panics
/// If the store breaks the contract.
pub async fn removal_keeps_a_required_factor(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let first = enrol(store, &session, 1).await;
    let second = enrol(store, &session, 2).await;
    assert_eq!(
        remove(store, &session, &user, second, true).await,
        RemoveFactor::Removed
    );
    assert_eq!(
        remove(store, &session, &user, second, true).await,
        RemoveFactor::NotFound
    );
    assert_eq!(
        remove(store, &session, &user, first, true).await,
        RemoveFactor::Required
    );
    let other = fresh_user(store).await;
    assert_eq!(
        remove(store, &session, &other, first, false).await,
        RemoveFactor::NotFound
    );
    assert_eq!(list(store, user.id).await.items.len(), 1);
    assert_eq!(
        remove(store, &session, &user, first, false).await,
        RemoveFactor::Removed
    );
    assert_eq!(list(store, user.id).await, FactorList::default());
    let held = credentials(store, &user).await;
    assert_eq!((held.second_factors, held.factor_version), (0, 4));
    assert_eq!(count(store, user.id, EventKind::FactorRemoved).await, 2);
}

/// If a factor is required and all factors are removed concurrently, exactly one of the removals is refused.
///
/// # Panics
/// If the store breaks the contract.
pub async fn concurrent_removals_keep_a_required_factor(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let mut ids = Vec::new();
    for step in 0..3 {
        ids.push(enrol(store, &session, step).await);
    }
    let outcomes = race_each(ids, |id| {
        let (store, session, user) = (Arc::clone(store), session.clone(), user.clone());
        async move { remove(&store, &session, &user, id, true).await }
    })
    .await;
    let refused = outcomes
        .iter()
        .filter(|outcome| **outcome == RemoveFactor::Required);
    assert_eq!(refused.count(), 1, "{outcomes:?}");
    assert_eq!(list(store, user.id).await.items.len(), 1);
}

/// New recovery codes void the older ones. A user without a factor gets none.
///
/// # Panics
/// If the store breaks the contract.
pub async fn new_codes_replace_the_others(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let codes = [digest(), digest(), digest()];
    assert!(!renew(store, &user, &codes).await);
    enrol(store, &session, 1).await;
    assert!(renew(store, &user, &codes).await);
    assert_eq!(list(store, user.id).await.recovery_codes_left, 3);
    assert_eq!(credentials(store, &user).await.factor_version, 2);
    assert_eq!(
        count(store, user.id, EventKind::RecoveryCodesRenewed).await,
        1
    );
}

/// Of many concurrent sessions, only one can use a time step. An earlier step is refused.
///
/// # Panics
/// If the store breaks the contract.
pub async fn step_is_used_once_by_concurrent_sessions(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let id = enrol(store, &session, 5).await;
    let spent = SpentTotp {
        id,
        step: 6,
        resealed: Some(vec![9; 48]),
    };
    let other = NewSession {
        factor_version: 1,
        ..new_session(user.id, 0)
    };
    let opened = try_open(store, &other).await;
    opened.expect("a session opens for an active user");
    let outcomes = race(TASKS, |_| {
        let (store, other, spent) = (Arc::clone(store), other.clone(), spent.clone());
        async move { authenticate(&store, &other, &spent).await }
    })
    .await;
    let done = outcomes.iter().filter(|done| **done == Checked::Done);
    assert_eq!(done.count(), 1, "{outcomes:?}");
    let strong = seen(store, &other).await;
    assert_eq!(strong.second_factor_at, Some(at(&other)));
    assert_eq!(strong.authenticated_at, at(&other));
    assert!(strong.methods.are_strong());
    let totps = store.totps(user.id).await.expect("totps");
    let [totp] = totps.as_slice() else {
        panic!("one factor is confirmed: {totps:?}");
    };
    assert_eq!(totp.last_step, Some(6));
    assert_eq!(totp.sealed, [9; 48]);
    for step in [5, 6] {
        let again = SpentTotp {
            step,
            ..spent.clone()
        };
        assert_eq!(authenticate(store, &session, &again).await, Checked::Stale);
    }
    let next = SpentTotp {
        step: 7,
        resealed: None,
        ..spent
    };
    let (_, foreign) = fresh_session(store).await;
    assert_eq!(authenticate(store, &foreign, &next).await, Checked::Stale);
    assert!(log_out(store, &other).await);
    assert_eq!(authenticate(store, &other, &next).await, Checked::Stale);
    assert_eq!(authenticate(store, &session, &next).await, Checked::Done);
}

/// After a reset, the user has no factor, no code and no session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn reset_removes_everything_and_ends_the_sessions(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    enrol(store, &session, 1).await;
    let reset = event(EventKind::FactorsReset);
    let done = store
        .reset_factors(user.id, at(&session), &reset, None)
        .await;
    assert!(done.expect("reset_factors"));
    assert!(!is_live(store, &session, at(&session)).await);
    assert_eq!(list(store, user.id).await, FactorList::default());
    let held = credentials(store, &user).await;
    assert_eq!(held.second_factors, 0);
    assert_eq!((held.credential_version, held.factor_version), (1, 2));
    assert_eq!(count(store, user.id, EventKind::FactorsReset).await, 1);
    let nobody = UserId::new(now());
    let gone = store.reset_factors(nobody, now(), &reset, None).await;
    assert!(!gone.expect("reset_factors"));
}

pub(super) fn new_totp(user: UserId) -> NewTotp {
    let now = now();
    NewTotp {
        id: FactorId::new(now),
        user_id: user,
        session_id: None,
        name: Some("Phone".to_owned()),
        sealed: vec![1; 48],
        is_first: false,
        created_at: now,
        expires_at: now + Duration::from_secs(900),
    }
}

/// An enrolment that this session can confirm.
fn totp_of(session: &NewSession) -> NewTotp {
    NewTotp {
        session_id: Some(session.id),
        ..new_totp(session.user_id)
    }
}

/// Enrols an authenticator app, with two recovery codes if it is the first factor.
pub(super) async fn enrol(store: &Subject, session: &NewSession, step: i64) -> FactorId {
    let totp = totp_of(session);
    assert_eq!(add(store, &totp).await, AddTotp::Added);
    let confirm = confirmation(session, totp.id, step);
    let done = confirmed(store, &confirm).await;
    assert!(matches!(done, ConfirmedTotp::Confirmed { .. }), "{done:?}");
    totp.id
}

async fn add(store: &Subject, totp: &NewTotp) -> AddTotp {
    store.add_totp(totp).await.expect("add_totp")
}

fn confirmation(session: &NewSession, factor: FactorId, step: i64) -> ConfirmTotp {
    ConfirmTotp {
        session_id: session.id,
        user_id: session.user_id,
        factor_id: factor,
        step,
        codes: vec![digest(), digest()],
        now: at(session),
    }
}

async fn confirmed(store: &Subject, confirm: &ConfirmTotp) -> ConfirmedTotp {
    let added = event(EventKind::FactorAdded);
    let done = store.confirm_totp(confirm, &added, None).await;
    done.expect("confirm_totp")
}

async fn remove(
    store: &Subject,
    session: &NewSession,
    user: &User,
    id: FactorId,
    is_required: bool,
) -> RemoveFactor {
    let removed = event(EventKind::FactorRemoved);
    let done = store.remove_factor(session.id, user.id, id, is_required, &removed, None);
    done.await.expect("remove_factor")
}

async fn renew(store: &Subject, user: &User, codes: &[TokenDigest]) -> bool {
    let renewed = event(EventKind::RecoveryCodesRenewed);
    let done = store.renew_codes(user.id, codes, &renewed, None).await;
    done.expect("renew_codes")
}

async fn authenticate(store: &Subject, session: &NewSession, spent: &SpentTotp) -> Checked {
    let event = event(EventKind::Reauthenticated);
    let now = at(session);
    store
        .authenticate_with_totp(session.id, session.user_id, spent, None, now, &event)
        .await
        .expect("authenticate_with_totp")
}

async fn opened(store: &Subject, user: &User) -> NewSession {
    let session = new_session(user.id, 0);
    let opened = try_open(store, &session).await;
    opened.expect("a session opens for an active user");
    session
}

async fn seen(store: &Subject, session: &NewSession) -> SessionUser {
    let found = store.session_user(session.id, session.user_id, at(session));
    found
        .await
        .expect("session_user")
        .expect("the session is live")
}

async fn list(store: &Subject, user: UserId) -> FactorList {
    store.factors(user).await.expect("factors")
}

async fn count(store: &Subject, user: UserId, kind: EventKind) -> usize {
    let events = events_of(store, user).await;
    events.iter().filter(|event| event.kind == kind).count()
}

/// A time at which the session is live.
fn at(session: &NewSession) -> Timestamp {
    session.created_at + Duration::from_secs(1)
}
