//! The contract of [`open_session`](crate::store::SessionStore::open_session): the cap on sessions per user.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    store::conformance::{
        Subject,
        fixture::{
            digest, fresh_session, fresh_user, is_live, log_out, new_session, race, rotated,
            rotation, try_open,
        },
    },
    token::NewSession,
    user::UserId,
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    the_least_recently_used_session_ends_beyond_the_cap(store).await;
    only_live_sessions_count(store).await;
    a_new_session_is_live_on_a_clock_set_back(store).await;
    a_stale_sign_in_ends_no_session(store).await;
    parallel_sign_ins_stay_within_the_cap(store).await;
    a_list_is_bounded(store).await;
}

/// A sign-in and a refresh both count as use of a session. If the cap was lowered, the next sign-in ends every session
/// above the new cap.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_least_recently_used_session_ends_beyond_the_cap(store: &Subject) {
    let user = fresh_user(store).await;
    let (_, others) = fresh_session(store).await;
    let sessions: Vec<_> = (0..5).map(|index| capped(user.id, 3, index)).collect();
    let [first, second, third, fourth, fifth] = sessions.as_slice() else {
        panic!("five sessions");
    };
    for session in [first, second, third] {
        try_open(store, session).await.expect("a session opens");
    }
    let mut used = rotation(first, 0, first.digest, digest());
    used.now = third.created_at + Duration::from_millis(1);
    rotated(store, &used).await;

    try_open(store, fourth)
        .await
        .expect("a fourth session opens");
    assert_live(store, &[first, third, fourth], &[second]).await;
    try_open(store, fifth).await.expect("a fifth session opens");
    assert_live(store, &[first, fourth, fifth], &[second, third]).await;

    let last = capped(user.id, 1, 6);
    try_open(store, &last)
        .await
        .expect("the only session opens");
    assert_live(store, &[&last, &others], &[first, fourth, fifth]).await;
}

/// Ended, expired and outdated sessions do not count.
///
/// # Panics
/// If the store breaks the contract.
pub async fn only_live_sessions_count(store: &Subject) {
    let user = fresh_user(store).await;
    let (stays, ended) = (capped(user.id, 3, 0), capped(user.id, 3, 1));
    let mut expired = capped(user.id, 3, 2);
    expired.idle_expires_at = expired.created_at + Duration::from_millis(1);
    for session in [&stays, &ended, &expired] {
        try_open(store, session).await.expect("a session opens");
    }
    assert!(log_out(store, &ended).await);
    let (fourth, fifth) = (capped(user.id, 3, 10), capped(user.id, 3, 11));
    for session in [&fourth, &fifth] {
        try_open(store, session).await.expect("there is room");
    }
    assert_live(store, &[&stays, &fourth, &fifth], &[&ended, &expired]).await;
}

/// If the clock was set back, a new session has the earliest timestamp of all sessions, but stays live.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_new_session_is_live_on_a_clock_set_back(store: &Subject) {
    let user = fresh_user(store).await;
    let (ahead, behind) = (capped(user.id, 1, 1000), capped(user.id, 1, 0));
    try_open(store, &ahead).await.expect("a session opens");
    try_open(store, &behind).await.expect("a session opens");
    assert_live(store, &[&behind], &[&ahead]).await;
}

/// A stale sign-in changes no session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_stale_sign_in_ends_no_session(store: &Subject) {
    let user = fresh_user(store).await;
    let (open, mut stale) = (capped(user.id, 1, 0), capped(user.id, 1, 1));
    try_open(store, &open).await.expect("a session opens");
    stale.credential_version = 7;
    assert!(try_open(store, &stale).await.is_none());
    assert_live(store, &[&open], &[&stale]).await;
}

/// A concurrent reader never sees more sessions than the cap, and every sign-in gets its session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn parallel_sign_ins_stay_within_the_cap(store: &Subject) {
    const CAP: u32 = 3;
    for _ in 0..4 {
        let user = fresh_user(store).await;
        let seen = race(16, |index| {
            let (store, session) = (Arc::clone(store), capped(user.id, CAP, index));
            async move {
                let opened = try_open(&store, &session).await;
                opened.expect("every sign-in opens a session");
                count(&store, user.id, session.created_at).await
            }
        });
        let seen = seen.await;
        let most = seen.iter().max().copied();
        assert!(most <= Some(CAP as usize), "live at once: {seen:?}");
        let left = count(store, user.id, capped(user.id, CAP, 0).created_at).await;
        assert_eq!(left, CAP as usize, "live after the race");
    }
}

/// The list shows the newest 200 sessions.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_list_is_bounded(store: &Subject) {
    let user = fresh_user(store).await;
    let sessions: Vec<_> = (0..203).map(|index| capped(user.id, 1000, index)).collect();
    for session in &sessions {
        try_open(store, session).await.expect("a session opens");
    }
    let now = sessions.last().map(|session| session.created_at);
    let listed = store.sessions(user.id, now.expect("sessions")).await;
    let listed: Vec<_> = listed.expect("sessions").iter().map(|one| one.id).collect();
    let newest = sessions.iter().rev().take(200).map(|session| session.id);
    assert!(newest.eq(listed.iter().copied()), "{} listed", listed.len());
}

/// A new session that is opened this many milliseconds from now, with this cap.
fn capped(user: UserId, cap: u32, later: usize) -> NewSession {
    let mut session = new_session(user, 0);
    let later = u64::try_from(later).expect("a few");
    session.created_at += Duration::from_millis(later);
    session.sessions_at_most = NonZeroU32::new(cap).expect("a cap");
    session
}

async fn count(store: &Subject, user: UserId, now: Timestamp) -> usize {
    let sessions = store.sessions(user, now).await;
    sessions.expect("sessions").len()
}

async fn assert_live(store: &Subject, live: &[&NewSession], dead: &[&NewSession]) {
    let all = live.iter().chain(dead).map(|session| session.created_at);
    let now = all.max().expect("sessions");
    for (sessions, wanted) in [(live, true), (dead, false)] {
        for session in sessions {
            let is_live = is_live(store, session, now).await;
            assert_eq!(is_live, wanted, "{session:?} among {live:?}");
        }
    }
}
