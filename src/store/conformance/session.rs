//! The contract of [`SessionStore`](crate::store::SessionStore).

pub mod cap;

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        MICROSECOND, TASKS, checked, count_events, credentials, digest, event, fresh_session,
        fresh_user, hash, hashed, is_live, log_out, new_session, new_token, now, password_hash,
        race, reset, rotate, rotated, rotation, set_status, try_open, try_reset,
    },
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    token::{Checked, CheckedSession, EndReason, NewSession, Purpose, Rotation, SessionId},
    user::{UserId, UserStatus},
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    opening_a_session_records_the_sign_in(store).await;
    a_stale_sign_in_opens_nothing(store).await;
    a_session_lives_until_its_expiries(store).await;
    an_ended_session_is_dead(store).await;
    ending_all_sessions_stops_sign_ins_in_flight(store).await;
    a_sign_in_never_survives_a_reset(store).await;
    live_sessions_are_listed_newest_first(store).await;
    a_session_is_ended_by_its_owner_only(store).await;
    other_sessions_are_ended_and_one_is_kept(store).await;
    reauthentication_freshens_one_session(store).await;
    cap::check_all(store).await;
}

/// Opening a session sets `last_login_at`, stores the rehashed password and returns the updated
/// user.
///
/// # Panics
/// If the store breaks the contract.
pub async fn opening_a_session_records_the_sign_in(store: &Subject) {
    let user = fresh_user(store).await;
    let mut session = new_session(user.id, 0);
    session.verified_hash = Some(hash("first"));
    session.rehashed = Some(hash("second"));
    let opened = try_open(store, &session).await.expect("the session opens");
    assert_eq!(opened.last_login_at, Some(session.created_at));
    assert_eq!(opened.updated_at, user.updated_at, "the sign-in changed it");
    let found = credentials(store, &user).await;
    assert_eq!(found.user, opened);
    assert_eq!(found.credential_version, 0, "a rehash raised the version");
    assert_eq!(password_hash(store, &user).await, hashed("second"));
    let live = store.session_user(session.id, user.id, session.created_at);
    let live = live.await.expect("session_user");
    let live = live.expect("the session is live");
    assert_eq!(live.user, opened);
    assert_eq!(live.authenticated_at, session.created_at);
    assert_eq!(live.methods, session.methods);
    assert_eq!(live.idle_expires_at, session.idle_expires_at);
    assert_eq!(live.absolute_expires_at, session.absolute_expires_at);
    let other = store.session_user(session.id, UserId::new(now()), session.created_at);
    let other = other.await.expect("session_user");
    assert!(other.is_none(), "a session was found for another user");
}

/// A sign-in with outdated credentials writes nothing.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_stale_sign_in_opens_nothing(store: &Subject) {
    let user = fresh_user(store).await;
    let mut wrong_hash = new_session(user.id, 0);
    wrong_hash.verified_hash = Some(hash("another"));
    wrong_hash.rehashed = Some(hash("second"));
    let wrong_version = new_session(user.id, 1);
    let nobody = new_session(UserId::new(now()), 0);
    for session in [&wrong_hash, &wrong_version, &nobody] {
        assert!(
            try_open(store, session).await.is_none(),
            "{session:?} opened"
        );
        assert!(!is_live(store, session, session.created_at).await);
    }
    let found = credentials(store, &user).await;
    assert_eq!(
        found.user.last_login_at, None,
        "a stale sign-in was recorded"
    );
    assert_eq!(password_hash(store, &user).await, hashed("first"));

    set_status(store, user.id, UserStatus::Disabled).await;
    let version = credentials(store, &user).await.credential_version;
    let session = new_session(user.id, version);
    let opened = try_open(store, &session).await;
    assert!(opened.is_none(), "a disabled user signed in");
}

/// A session is live until the earlier of its two expiry times.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_session_lives_until_its_expiries(store: &Subject) {
    let user = fresh_user(store).await;
    let idle = new_session(user.id, 0);
    let mut absolute = new_session(user.id, 0);
    absolute.idle_expires_at = absolute.absolute_expires_at + Duration::from_secs(1);
    let ends = [
        (&idle, idle.idle_expires_at),
        (&absolute, absolute.absolute_expires_at),
    ];
    for (session, end) in ends {
        try_open(store, session).await.expect("the session opens");
        assert!(is_live(store, session, end - MICROSECOND).await);
        assert!(!is_live(store, session, end).await, "live at its expiry");
        let mut late = rotation(session, 0, session.digest, digest());
        late.now = end;
        assert!(
            matches!(rotate(store, &late).await, Rotation::Gone),
            "a token was exchanged at the session's expiry"
        );
        late.now = end - MICROSECOND;
        late.idle_expires_at = end + Duration::from_secs(60);
        match rotate(store, &late).await {
            Rotation::Rotated(rotated) => {
                assert_eq!(rotated.user.id, user.id);
                assert_eq!(rotated.idle_expires_at, late.idle_expires_at);
                assert_eq!(rotated.absolute_expires_at, session.absolute_expires_at);
                assert_eq!(rotated.authenticated_at, session.created_at);
                assert_eq!(rotated.methods, session.methods);
            }
            other => panic!("a token was refused before the session's expiry: {other:?}"),
        }
    }
}

/// Only one call ends a session, and no token can be exchanged afterwards.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_ended_session_is_dead(store: &Subject) {
    let (_, session) = fresh_session(store).await;
    assert!(log_out(store, &session).await, "the first logout ends it");
    assert!(!log_out(store, &session).await, "the second finds it ended");
    assert!(!is_live(store, &session, session.created_at).await);
    let rotation = rotation(&session, 0, session.digest, digest());
    assert!(matches!(rotate(store, &rotation).await, Rotation::Gone));
    let logged_out = event(EventKind::LoggedOut);
    let unknown = store.end_session(SessionId::new(now()), EndReason::Logout, now(), &logged_out);
    let unknown = unknown.await.expect("end_session");
    assert!(unknown.is_none(), "an unknown session was ended");
}

/// Every session of this user ends, and a sign-in whose credential was checked earlier opens no session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn ending_all_sessions_stops_sign_ins_in_flight(store: &Subject) {
    let (user, first) = fresh_session(store).await;
    let second = new_session(user.id, 0);
    try_open(store, &second).await.expect("a second session");
    let (_, other) = fresh_session(store).await;
    let logged_out = event(EventKind::LoggedOutEverywhere);
    let ended = store.end_sessions(user.id, EndReason::LogoutAll, now(), &logged_out);
    assert!(ended.await.expect("end_sessions"), "the user is there");
    for session in [&first, &second] {
        assert!(!is_live(store, session, session.created_at).await);
    }
    assert!(is_live(store, &other, other.created_at).await);
    assert_eq!(credentials(store, &user).await.credential_version, 1);
    let stale = try_open(store, &new_session(user.id, 0)).await;
    assert!(stale.is_none(), "a sign-in in flight opened a session");
    let fresh = try_open(store, &new_session(user.id, 1)).await;
    assert!(fresh.is_some(), "a new sign-in was refused");
    let logged_out = event(EventKind::LoggedOutEverywhere);
    let nobody = store.end_sessions(UserId::new(now()), EndReason::LogoutAll, now(), &logged_out);
    assert!(!nobody.await.expect("end_sessions of an unknown user"));
}

/// A sign-in during a reset neither restores the old password nor leaves a live session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_sign_in_never_survives_a_reset(store: &Subject) {
    for _ in 0..4 {
        let user = fresh_user(store).await;
        let token = new_token(&user, Purpose::ResetPassword);
        store.issue_one_time(&token).await.expect("issue_one_time");
        let spent = *token.digests.first().expect("a token has a digest");
        let sessions: Vec<_> = (0..TASKS)
            .map(|index| {
                let mut session = new_session(user.id, 0);
                session.verified_hash = Some(hash("first"));
                // Every eighth sign-in also rehashes the password.
                session.rehashed = (index % 8 == 0).then(|| hash("first again"));
                session
            })
            .collect();
        let outcomes = race(TASKS + 1, |index| {
            let store = Arc::clone(store);
            let session = sessions.get(index).cloned();
            let at = token.created_at;
            async move {
                match session {
                    Some(session) => {
                        try_open(&store, &session).await;
                        None
                    }
                    None => Some(try_reset(&store, &reset(spent, "new", at), None).await),
                }
            }
        });
        let reset = outcomes.await.into_iter().flatten().next();
        let reset = reset
            .expect("the reset ran")
            .expect("the reset went through");
        assert_eq!(reset.user.id, user.id);
        let stored = password_hash(store, &user).await;
        assert_eq!(stored, hashed("new"), "an old password came back");
        for session in &sessions {
            assert!(
                !is_live(store, session, session.created_at).await,
                "a session outlived the reset"
            );
        }
    }
}

/// The list shows the user's live sessions, with the client and the last refresh of each.
///
/// # Panics
/// If the store breaks the contract.
pub async fn live_sessions_are_listed_newest_first(store: &Subject) {
    let (user, first) = fresh_session(store).await;
    let (_, other) = fresh_session(store).await;
    let mut newer = new_session(user.id, 0);
    newer.created_at = first.created_at + Duration::from_secs(1);
    let mut ended = new_session(user.id, 0);
    ended.created_at = first.created_at + Duration::from_secs(2);
    for session in [&newer, &ended] {
        try_open(store, session).await.expect("the session opens");
    }
    assert!(log_out(store, &ended).await);
    let renewed = rotation(&first, 0, first.digest, digest());
    rotated(store, &renewed).await;

    let at = newer.created_at;
    let sessions = store.sessions(user.id, at).await.expect("sessions");
    let ids: Vec<SessionId> = sessions.iter().map(|session| session.id).collect();
    assert_eq!(ids, [newer.id, first.id], "live sessions, newest first");
    let [newest, oldest] = sessions.as_slice() else {
        panic!("there are two");
    };
    assert_eq!(newest.client, newer.client);
    assert_eq!(newest.rotated_at, newer.created_at);
    assert_eq!(newest.idle_expires_at, newer.idle_expires_at);
    assert_eq!(newest.absolute_expires_at, newer.absolute_expires_at);
    assert_eq!(oldest.created_at, first.created_at);
    assert_eq!(oldest.rotated_at, renewed.now);

    let of = async |user, at| store.sessions(user, at).await.expect("sessions").len();
    assert_eq!(of(other.user_id, at).await, 1);
    assert_eq!(of(UserId::new(now()), at).await, 0);
    let end = first.idle_expires_at.max(newer.idle_expires_at);
    assert_eq!(of(user.id, end).await, 0, "listed at its expiry");
    set_status(store, user.id, UserStatus::Disabled).await;
    set_status(store, user.id, UserStatus::Active).await;
    assert_eq!(of(user.id, at).await, 0, "a dead session is listed");
}

/// If the owner makes several concurrent calls, exactly one of them ends the session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_session_is_ended_by_its_owner_only(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (other, theirs) = fresh_session(store).await;
    let at = session.created_at;
    let late = session.idle_expires_at;
    assert!(!end_of(store, other.id, session.id, at).await, "another's");
    assert!(!end_of(store, user.id, SessionId::new(at), at).await);
    assert!(!end_of(store, user.id, session.id, late).await, "expired");
    assert!(
        is_live(store, &session, at).await,
        "the session was ended anyway"
    );
    let ended = race(TASKS, |_| {
        let (store, user, id) = (Arc::clone(store), user.id, session.id);
        async move { end_of(&store, user, id, at).await }
    });
    let ended = ended.await.into_iter().filter(|ended| *ended).count();
    assert_eq!(ended, 1, "calls that ended one session");
    assert!(!is_live(store, &session, at).await);
    assert!(is_live(store, &theirs, at).await);
    assert_eq!(
        count_events(store, &user, EventKind::SessionRevoked).await,
        1
    );
    assert_eq!(
        count_events(store, &other, EventKind::SessionRevoked).await,
        0
    );
}

/// The user's other sessions end, with one event. Sessions of other users remain live. Of many concurrent calls,
/// exactly one ends a session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn other_sessions_are_ended_and_one_is_kept(store: &Subject) {
    let (user, kept) = fresh_session(store).await;
    let (_, theirs) = fresh_session(store).await;
    let at = kept.created_at;
    assert_eq!(end_others(store, &kept, at).await, 0);
    let count = count_events(store, &user, EventKind::SessionRevoked);
    assert_eq!(count.await, 0);
    let others = [new_session(user.id, 0), new_session(user.id, 0)];
    for other in &others {
        try_open(store, other).await.expect("a session");
    }
    let ended = race(TASKS, |_| {
        let (store, kept) = (Arc::clone(store), kept.clone());
        async move { end_others(&store, &kept, at).await }
    });
    assert_eq!(ended.await.into_iter().sum::<u64>(), 2);
    let count = count_events(store, &user, EventKind::SessionRevoked).await;
    assert!((1..=2).contains(&count), "{count} events");
    for session in [&kept, &theirs] {
        assert!(is_live(store, session, at).await);
    }
    for other in &others {
        assert!(!is_live(store, other, at).await);
    }
}

async fn end_others(store: &Subject, kept: &NewSession, at: Timestamp) -> u64 {
    let ended = event(EventKind::SessionRevoked);
    let ended = store.end_other_sessions(kept.user_id, kept.id, at, &ended);
    ended.await.expect("end_other_sessions")
}

/// A reauthentication changes `authenticated_at` of this session, but not of other sessions.
///
/// # Panics
/// If the store breaks the contract.
pub async fn reauthentication_freshens_one_session(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let other = new_session(user.id, 0);
    try_open(store, &other).await.expect("a second session");
    let at = session.created_at + Duration::from_secs(100) + MICROSECOND;
    let done = freshen(store, &checked(&session, 0, Some("first")), at).await;
    assert_eq!(done, Checked::Done);
    assert_eq!(authenticated_at(store, &session, at).await, at);
    assert_eq!(authenticated_at(store, &other, at).await, other.created_at);
    let found = credentials(store, &user).await;
    assert_eq!(found.credential_version, 0);
    assert_eq!(found.user.updated_at, user.updated_at);
    assert_eq!(
        count_events(store, &user, EventKind::Reauthenticated).await,
        1
    );
    rotated(store, &rotation(&session, 0, session.digest, digest())).await;
    assert_eq!(authenticated_at(store, &session, at).await, at);
}

pub(super) async fn freshen(store: &Subject, checked: &CheckedSession, at: Timestamp) -> Checked {
    let event = event(EventKind::Reauthenticated);
    let done = store.reauthenticate(checked, None, at, &event);
    done.await.expect("reauthenticate")
}

pub(super) async fn end_of(store: &Subject, user: UserId, id: SessionId, at: Timestamp) -> bool {
    let event = event(EventKind::SessionRevoked);
    let ended = store.end_session_of(user, id, at, &event);
    ended.await.expect("end_session_of")
}

pub(super) async fn authenticated_at(
    store: &Subject,
    session: &NewSession,
    at: Timestamp,
) -> Timestamp {
    let live = store.session_user(session.id, session.user_id, at).await;
    let live = live.expect("session_user").expect("the session is live");
    live.authenticated_at
}
