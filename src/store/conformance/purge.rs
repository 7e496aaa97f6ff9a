//! The contract of [`PurgeStore`](crate::store::PurgeStore).

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        MICROSECOND, address, digest, fresh_session, fresh_user, is_live, log_out, new_session,
        new_token, now, race, reset, rotate, rotation, try_open, try_reset,
    },
    flow::{assertion, begin, new_flow},
};
use crate::{
    clock::Timestamp,
    event::{ClientInfo, Event, EventFilter, EventId, EventKind},
    identity::{FlowIntent, NewCode},
    token::{IssueOneTime, NewSession, Purpose, Rotation},
    user::UserId,
};

const LIMIT: u32 = 500;
const HOUR: Duration = Duration::from_secs(3600);

/// Runs every check in this module. The checks also purge rows that other checks have left.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    ended_sessions_are_purged_and_live_ones_stay(store).await;
    batches_keep_to_their_limit_and_delete_everything(store).await;
    a_refreshed_session_outlives_a_purge(store).await;
    concurrent_purges_share_the_work(store).await;
    a_used_token_stays_until_it_expires(store).await;
    old_events_are_purged_and_later_ones_stay(store).await;
    flows_are_purged_with_their_codes(store).await;
}

/// Revoked, idle and expired sessions can be purged from the moment at which they ended, and not before.
///
/// # Panics
/// If the store breaks the contract.
pub async fn ended_sessions_are_purged_and_live_ones_stay(store: &Subject) {
    let (user, live) = fresh_session(store).await;
    let at = live.created_at;
    purge_sessions(store, at + HOUR / 2, LIMIT).await;
    let open = async |idle: Duration, absolute: Duration| {
        let mut session = new_session(user.id, 0);
        session.created_at = at;
        session.idle_expires_at = at + idle;
        session.absolute_expires_at = at + absolute;
        let opened = try_open(store, &session).await;
        opened.expect("a session opens for an active user");
        session
    };
    let idle = open(Duration::from_secs(60), HOUR).await;
    open(HOUR, Duration::from_secs(60)).await;
    let mut out = open(HOUR, HOUR).await;
    out.created_at = idle.idle_expires_at;
    assert!(log_out(store, &out).await);
    let end = idle.idle_expires_at;
    let deleted = purge_sessions(store, end - MICROSECOND, LIMIT).await;
    assert_eq!(deleted, 0, "a session was purged before its end");
    assert_eq!(purge_sessions(store, end, LIMIT).await, 3);
    assert_eq!(purge_sessions(store, end, LIMIT).await, 0);
    assert!(
        is_live(store, &live, end).await,
        "a live session was purged"
    );
}

/// No batch exceeds its limit, and all batches together delete everything.
///
/// # Panics
/// If the store breaks the contract.
pub async fn batches_keep_to_their_limit_and_delete_everything(store: &Subject) {
    purge_sessions(store, now(), LIMIT).await;
    let sessions = ended_sessions(store, 7).await;
    let (_, live) = fresh_session(store).await;
    assert_eq!(purge_sessions(store, now(), 2).await, sessions.len() as u64);
    assert!(is_live(store, &live, live.created_at).await);
}

/// A session that is refreshed at the last moment is purged before the refresh or not at all.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_refreshed_session_outlives_a_purge(store: &Subject) {
    for _ in 0..16 {
        let (_, session) = fresh_session(store).await;
        let end = session.idle_expires_at;
        let mut last = rotation(&session, 0, session.digest, digest());
        last.now = end - MICROSECOND;
        last.idle_expires_at = end + Duration::from_secs(600);
        let rotated = race(4, |index| {
            let (store, last) = (Arc::clone(store), last.clone());
            async move {
                if index != 0 {
                    purge_sessions(&store, end, LIMIT).await;
                    return false;
                }
                match rotate(&store, &last).await {
                    Rotation::Rotated(_) => true,
                    Rotation::Gone => false,
                    other => panic!("a rotation during a purge was {other:?}"),
                }
            }
        });
        let rotated = rotated.await.contains(&true);
        let lives = is_live(store, &session, end).await;
        assert_eq!(lives, rotated, "a live session was purged");
        assert_eq!(purge_sessions(store, end, LIMIT).await, 0);
    }
}

/// Each row is deleted by exactly one of the concurrent purges.
///
/// # Panics
/// If the store breaks the contract.
pub async fn concurrent_purges_share_the_work(store: &Subject) {
    purge_sessions(store, now(), LIMIT).await;
    let sessions = ended_sessions(store, 60).await;
    let before = now();
    let deleted = race(4, |_| {
        let store = Arc::clone(store);
        async move { purge_sessions(&store, before, 7).await }
    });
    let deleted: u64 = deleted.await.into_iter().sum();
    assert_eq!(deleted, sessions.len() as u64);
}

/// A repeated email must not revive a used token.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_used_token_stays_until_it_expires(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let (at, end) = (token.created_at, token.expires_at);
    purge_one_time(store, at).await;
    let issued = store.issue_one_time(&token).await.expect("issue_one_time");
    let IssueOneTime::Live(live) = issued else {
        panic!("a fresh token was not kept");
    };
    let other_user = fresh_user(store).await;
    let other = new_token(&other_user, Purpose::VerifyEmail);
    store.issue_one_time(&other).await.expect("issue_one_time");
    let reset = reset(live, "new", at);
    assert!(try_reset(store, &reset, None).await.is_some());

    purge_one_time(store, end - MICROSECOND).await;
    let again = store.issue_one_time(&token).await.expect("issue_one_time");
    assert_eq!(again, IssueOneTime::Dead, "a used token was revived");

    let mut newer = new_token(&other_user, Purpose::VerifyEmail);
    newer.created_at = other.created_at + MICROSECOND;
    newer.expires_at = other.expires_at + HOUR;
    store.issue_one_time(&newer).await.expect("issue_one_time");
    assert!(purge_one_time(store, other.expires_at.max(end)).await >= 1);
    let again = store.issue_one_time(&newer).await.expect("issue_one_time");
    assert!(
        matches!(again, IssueOneTime::Live(_)),
        "a live token was purged"
    );
}

/// Events before the given moment are deleted, and later events are kept.
///
/// # Panics
/// If the store breaks the contract.
pub async fn old_events_are_purged_and_later_ones_stay(store: &Subject) {
    let start = now() - HOUR * 24;
    let user = UserId::new(start);
    let mut made = Vec::new();
    for offset in 0..9 {
        let at = start + Duration::from_millis(offset);
        let event = Event::new(EventKind::SignedIn, at, &ClientInfo::default()).of(user);
        store.record_event(&event).await.expect("record_event");
        made.push(event.id);
    }
    assert!(purge_events(store, start + Duration::from_millis(6), 2).await >= 6);
    let (_, later) = made.split_at(6);
    assert_eq!(events_of(store, user).await, later);
    let deleted = purge_events(store, start + Duration::from_millis(6), 2).await;
    assert_eq!(deleted, 0);
}

/// An unfinished flow is deleted once it expires, and a finished flow once its code expires, whether or not the code
/// was spent.
///
/// # Panics
/// If the store breaks the contract.
pub async fn flows_are_purged_with_their_codes(store: &Subject) {
    purge_flows(store, now() + HOUR, 500).await;
    let start = now();
    let mut ends = Vec::new();
    for (end, code_end) in [
        (1, None),
        (2, Some(1)),
        (1, Some(2)),
        (3, None),
        (4, Some(5)),
    ] {
        let mut new = new_flow(FlowIntent::Link);
        new.expires_at = start + Duration::from_secs(end);
        begin(store, &new).await;
        if let Some(end) = code_end {
            let code = NewCode {
                flow: new.flow.state,
                digest: digest(),
                expires_at: start + Duration::from_secs(end),
            };
            let said = assertion(&address("ann@example.org"));
            let offered = store.offer_identity(&code, &said).await;
            offered.expect("offer_identity");
        }
        ends.push(end.max(code_end.unwrap_or_default()));
    }
    let mut left = ends.len();
    for second in 1..=5 {
        let end = start + Duration::from_secs(second);
        let early = purge_flows(store, end - MICROSECOND, 2).await;
        assert_eq!(early, 0, "a flow was purged before its end");
        let over = ends.iter().filter(|end| **end == second).count();
        assert_eq!(purge_flows(store, end, 2).await, over as u64);
        left -= over;
    }
    assert_eq!(left, 0);
}

/// Ended sessions of active users.
async fn ended_sessions(store: &Subject, count: usize) -> Vec<NewSession> {
    let user = fresh_user(store).await;
    let mut sessions = Vec::new();
    for _ in 0..count {
        let mut session = new_session(user.id, 0);
        session.idle_expires_at = session.created_at;
        let opened = try_open(store, &session).await;
        opened.expect("a session opens for an active user");
        sessions.push(session);
    }
    sessions
}

async fn events_of(store: &Subject, user: UserId) -> Vec<EventId> {
    let filter = EventFilter {
        user_id: Some(user),
        kind: None,
    };
    let events = store.list_events(&filter, None, 100).await;
    let mut ids: Vec<EventId> = events
        .expect("list_events")
        .iter()
        .map(|event| event.id)
        .collect();
    ids.reverse();
    ids
}

/// Purges in batches and returns the number of deleted rows.
macro_rules! purge_all {
    ($store:expr, $method:ident, $before:expr, $limit:expr) => {{
        let (mut deleted, mut after) = (0, None);
        loop {
            let batch = $store.$method($before, after, $limit).await;
            let batch = batch.expect(stringify!($method));
            assert!(
                batch.deleted <= u64::from($limit),
                "a batch exceeds its limit"
            );
            deleted += batch.deleted;
            match batch.next {
                Some(last) => after = Some(last),
                None => break deleted,
            }
        }
    }};
}

async fn purge_sessions(store: &Subject, before: Timestamp, limit: u32) -> u64 {
    purge_all!(store, purge_sessions, before, limit)
}

async fn purge_one_time(store: &Subject, before: Timestamp) -> u64 {
    purge_all!(store, purge_one_time, before, 2_u32)
}

async fn purge_events(store: &Subject, before: Timestamp, limit: u32) -> u64 {
    purge_all!(store, purge_events, before, limit)
}

async fn purge_flows(store: &Subject, before: Timestamp, limit: u32) -> u64 {
    purge_all!(store, purge_flows, before, limit)
}
