//! The contract of [`UserStore`](crate::store::UserStore) and [`TokenStore`](crate::store::TokenStore): the account in
//! its owner's hands.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    Subject,
    fixture::{
        MICROSECOND, TASKS, credentials, digest, event, fresh_session, fresh_user, hash, hashed,
        insert, is_live, log_out, new_session, new_token, new_user, now, password_hash, race,
        reset, rotated, rotation, set_status, try_open, try_reset, unique,
    },
};
use crate::{
    clock::Timestamp,
    event::{EventFilter, EventKind},
    token::{Checked, CheckedSession, EndReason, NewSession, Purpose, SessionId},
    user::{ProfileChange, User, UserId, UserStatus},
};

/// Runs every check of this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_profile_is_changed_in_part(store).await;
    live_sessions_are_listed_newest_first(store).await;
    a_session_is_ended_by_its_owner_only(store).await;
    a_new_password_leaves_one_session(store).await;
    a_stale_check_changes_nothing(store).await;
    an_account_without_a_password_gets_one(store).await;
    reauthenticating_freshens_one_session(store).await;
    one_of_many_changes_wins(store).await;
    a_change_never_survives_a_reset(store).await;
    a_change_revives_no_session(store).await;
}

/// What is not in the change stays; metadata is replaced whole.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_profile_is_changed_in_part(store: &Subject) {
    let user = fresh_user(store).await;
    let other = fresh_user(store).await;
    let metadata = json!({"a": {"é\n": [1, -2, 1.5, f64::MAX, true, null, "\u{1f511}"]}, "": {}});
    let metadata = metadata.as_object().cloned().expect("an object");
    let mut expected = user.clone();
    let changes = [
        ProfileChange::new().display_name("Zoë \u{1f511} O'Neil"),
        ProfileChange::new().metadata(metadata.clone()),
        ProfileChange::new().without_display_name(),
        ProfileChange::new()
            .display_name("")
            .metadata(serde_json::Map::new()),
    ];
    for (seconds, change) in (1..).zip(changes) {
        let later = user.created_at + Duration::from_secs(seconds);
        if let Some(name) = change.display_name.clone() {
            expected.display_name = name;
        }
        if let Some(metadata) = change.metadata.clone() {
            expected.metadata = metadata;
        }
        expected.updated_at = later;
        let changed = store.update_profile(user.id, &change, later).await;
        let changed = changed.expect("update_profile");
        assert_eq!(changed.as_ref(), Some(&expected), "{change:?}");
        assert_eq!(credentials(store, &user).await.user, expected);
    }
    assert_eq!(credentials(store, &other).await.user, other);
    let change = ProfileChange::new().display_name("nobody");
    let nobody = store.update_profile(UserId::new(now()), &change, now());
    assert!(nobody.await.expect("update_profile").is_none());
}

/// Those of the user that are live, with who opened them and when they were last renewed.
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
    assert_eq!(ids, [newer.id, first.id], "the live ones, newest first");
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
    assert_eq!(of(user.id, at).await, 0, "listed though it is dead");
}

/// One call ends it, and only the owner's; of several at once exactly one.
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
        "it was ended all the same"
    );
    let ended = race(TASKS, |_| {
        let (store, user, id) = (Arc::clone(store), user.id, session.id);
        async move { end_of(&store, user, id, at).await }
    });
    let ended = ended.await.into_iter().filter(|ended| *ended).count();
    assert_eq!(ended, 1, "calls that ended one session");
    assert!(!is_live(store, &session, at).await);
    assert!(is_live(store, &theirs, at).await);
    assert_eq!(events_of(store, &user, EventKind::SessionRevoked).await, 1);
    assert_eq!(events_of(store, &other, EventKind::SessionRevoked).await, 0);
}

/// The hash is stored, this session lives at the new version, the others are over, and so are reset tokens.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_new_password_leaves_one_session(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let other = new_session(user.id, 0);
    try_open(store, &other).await.expect("a second session");
    let (_, stranger) = fresh_session(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    store.issue_one_time(&token).await.expect("issue_one_time");
    let at = session.created_at + Duration::from_secs(1);
    let outcome = change(store, &checked(&session, 0, Some("first")), "second", at).await;
    assert_eq!(outcome, Checked::Done);

    let found = credentials(store, &user).await;
    assert_eq!(found.credential_version, 1);
    assert_eq!(found.user.updated_at, at);
    assert_eq!(found.user.email_verified_at, None);
    assert_eq!(password_hash(store, &user).await, hashed("second"));
    assert!(is_live(store, &session, at).await, "this session ended");
    assert!(!is_live(store, &other, at).await, "another lives on");
    assert!(is_live(store, &stranger, at).await, "a stranger's ended");
    let renewed = rotation(&session, 0, session.digest, digest());
    rotated(store, &renewed).await;
    for digest in &token.digests {
        let found = store.one_time_user(digest, token.purpose, at).await;
        assert!(found.expect("one_time_user").is_none(), "a token lives on");
    }
    let stale = try_open(store, &new_session(user.id, 0)).await;
    assert!(stale.is_none(), "a sign-in in flight opened a session");
    assert_eq!(events_of(store, &user, EventKind::PasswordChanged).await, 1);

    // Once more, in the same session.
    let again = checked(&session, 1, Some("second"));
    assert_eq!(change(store, &again, "third", at).await, Checked::Done);
    assert!(is_live(store, &session, at).await);
}

/// Another version, another hash, a session that is over or another's: nothing is written.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_stale_check_changes_nothing(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (_, theirs) = fresh_session(store).await;
    let ended = new_session(user.id, 0);
    try_open(store, &ended).await.expect("a second session");
    assert!(log_out(store, &ended).await);
    let at = session.created_at + Duration::from_secs(1);
    let stolen = CheckedSession {
        user_id: user.id,
        ..checked(&theirs, 0, Some("first"))
    };
    let late = session.idle_expires_at;
    for (stale, at) in [
        (checked(&session, 1, Some("first")), at),
        (checked(&session, 0, Some("second")), at),
        (checked(&session, 0, None), at),
        (checked(&session, 0, Some("first")), late),
        (checked(&ended, 0, Some("first")), at),
        (checked(&new_session(user.id, 0), 0, Some("first")), at),
        (stolen, at),
    ] {
        assert_eq!(change(store, &stale, "new", at).await, Checked::Stale);
        assert_eq!(freshen(store, &stale, at).await, Checked::Stale);
    }
    let found = credentials(store, &user).await;
    assert_eq!(
        (found.user.updated_at, found.credential_version),
        (user.updated_at, 0)
    );
    assert_eq!(password_hash(store, &user).await, hashed("first"));
    assert_eq!(
        authenticated_at(store, &session, at).await,
        session.created_at
    );
    assert!(is_live(store, &theirs, at).await);
    for kind in [EventKind::PasswordChanged, EventKind::Reauthenticated] {
        assert_eq!(events_of(store, &user, kind).await, 0, "{kind:?}");
    }
    set_status(store, user.id, UserStatus::Disabled).await;
    for version in [0, 1] {
        let disabled = checked(&session, version, Some("first"));
        assert_eq!(change(store, &disabled, "new", at).await, Checked::Stale);
        assert_eq!(freshen(store, &disabled, at).await, Checked::Stale);
    }
}

/// Its first password, as long as it has none.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_account_without_a_password_gets_one(store: &Subject) {
    let mut new = new_user(&format!("{}@example.org", unique()));
    new.password_hash = None;
    let user = insert(store, &new).await;
    let session = new_session(user.id, 0);
    try_open(store, &session).await.expect("the session opens");
    let at = session.created_at;
    let wrong = checked(&session, 0, Some("first"));
    assert_eq!(change(store, &wrong, "new", at).await, Checked::Stale);
    let none = checked(&session, 0, None);
    assert_eq!(change(store, &none, "new", at).await, Checked::Done);
    assert_eq!(password_hash(store, &user).await, hashed("new"));
    assert!(is_live(store, &session, at).await);
}

/// `authenticated_at` moves in this session only, and neither version nor expiries do.
///
/// # Panics
/// If the store breaks the contract.
pub async fn reauthenticating_freshens_one_session(store: &Subject) {
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
    assert_eq!(events_of(store, &user, EventKind::Reauthenticated).await, 1);
    rotated(store, &rotation(&session, 0, session.digest, digest())).await;
    assert_eq!(authenticated_at(store, &session, at).await, at);
}

/// Of many changes with one checked password, from several sessions, exactly one is done.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_many_changes_wins(store: &Subject) {
    let (user, first) = fresh_session(store).await;
    let second = new_session(user.id, 0);
    try_open(store, &second).await.expect("a second session");
    let at = first.created_at;
    let outcomes = race(TASKS, |index| {
        let store = Arc::clone(store);
        let session = if index % 2 == 0 { &first } else { &second };
        let checked = checked(session, 0, Some("first"));
        async move { change(&store, &checked, &format!("new {index}"), at).await }
    });
    let outcomes = outcomes.await;
    let winners: Vec<usize> = (0..)
        .zip(&outcomes)
        .filter_map(|(index, outcome)| (*outcome == Checked::Done).then_some(index))
        .collect();
    let [winner] = winners.as_slice() else {
        panic!("one password was changed {} times", winners.len());
    };
    let stored = password_hash(store, &user).await;
    assert_eq!(stored, hashed(&format!("new {winner}")));
    assert_eq!(credentials(store, &user).await.credential_version, 1);
    let lives = [
        is_live(store, &first, at).await,
        is_live(store, &second, at).await,
    ];
    assert_eq!(lives, [winner % 2 == 0, winner % 2 == 1]);
    assert_eq!(events_of(store, &user, EventKind::PasswordChanged).await, 1);
}

/// A change and a reset at once: one of them wins, and whichever it is, no session of the loser lives.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_change_never_survives_a_reset(store: &Subject) {
    for _ in 0..8 {
        let (user, session) = fresh_session(store).await;
        let token = new_token(&user, Purpose::ResetPassword);
        store.issue_one_time(&token).await.expect("issue_one_time");
        let spent = *token.digests.first().expect("a token has a digest");
        let at = session.created_at;
        let done = race(2, |index| {
            let store = Arc::clone(store);
            let checked = checked(&session, 0, Some("first"));
            async move {
                if index == 0 {
                    return change(&store, &checked, "changed", at).await == Checked::Done;
                }
                let reset = reset(spent, "reset", at);
                try_reset(&store, &reset, None).await.is_some()
            }
        });
        let (stored, live) = match done.await.as_slice() {
            [true, false] => ("changed", true),
            [false, true] => ("reset", false),
            both => panic!("the change and the reset: {both:?}"),
        };
        assert_eq!(password_hash(store, &user).await, hashed(stored));
        assert_eq!(is_live(store, &session, at).await, live);
    }
}

/// A session that a logout ends while the password is changed in it stays ended, whoever comes first.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_change_revives_no_session(store: &Subject) {
    for round in 0..12 {
        let (user, session) = fresh_session(store).await;
        let at = session.created_at;
        race(3, |index| {
            let store = Arc::clone(store);
            let (session, checked) = (session.clone(), checked(&session, 0, Some("first")));
            async move {
                match (index, round % 3) {
                    (0, _) => drop(change(&store, &checked, "second", at).await),
                    (1, _) => drop(freshen(&store, &checked, at).await),
                    (_, 0) => assert!(log_out(&store, &session).await),
                    (_, 1) => assert!(end_of(&store, session.user_id, session.id, at).await),
                    _ => {
                        let event = event(EventKind::LoggedOutEverywhere);
                        let user = session.user_id;
                        let ended = store.end_sessions(user, EndReason::LogoutAll, at, &event);
                        assert!(ended.await.expect("end_sessions"));
                    }
                }
            }
        })
        .await;
        assert!(
            !is_live(store, &session, at).await,
            "an ended session lives"
        );
        let version = credentials(store, &user).await.credential_version;
        for version in 0..=version {
            for hash in ["first", "second"] {
                let dead = checked(&session, version, Some(hash));
                assert_eq!(change(store, &dead, "third", at).await, Checked::Stale);
            }
        }
    }
}

pub(super) fn checked(
    session: &NewSession,
    version: i64,
    verified: Option<&str>,
) -> CheckedSession {
    CheckedSession {
        id: session.id,
        user_id: session.user_id,
        credential_version: version,
        verified_hash: verified.map(hash),
    }
}

async fn change(store: &Subject, checked: &CheckedSession, new: &str, at: Timestamp) -> Checked {
    let (hash, event) = (hash(new), event(EventKind::PasswordChanged));
    let changed = store.change_password(checked, &hash, at, &event, None);
    changed.await.expect("change_password")
}

async fn freshen(store: &Subject, checked: &CheckedSession, at: Timestamp) -> Checked {
    let event = event(EventKind::Reauthenticated);
    let done = store.reauthenticate(checked, at, &event);
    done.await.expect("reauthenticate")
}

async fn end_of(store: &Subject, user: UserId, id: SessionId, at: Timestamp) -> bool {
    let event = event(EventKind::SessionRevoked);
    let ended = store.end_session_of(user, id, at, &event);
    ended.await.expect("end_session_of")
}

async fn authenticated_at(store: &Subject, session: &NewSession, at: Timestamp) -> Timestamp {
    let live = store.session_user(session.id, session.user_id, at).await;
    let live = live.expect("session_user").expect("the session is live");
    live.authenticated_at
}

async fn events_of(store: &Subject, user: &User, kind: EventKind) -> usize {
    let filter = EventFilter {
        user_id: Some(user.id),
        kind: Some(kind),
    };
    let events = store.list_events(&filter, None, 50).await;
    events.expect("list_events").len()
}
