//! The contract of [`PasswordStore`](crate::store::PasswordStore).

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        TASKS, checked, count_events, credentials, current_session, digest, event, fresh_session,
        fresh_user, hash, hashed, insert, is_live, log_out, new_session, new_token, new_user,
        password_hash, race, reset, rotated, rotation, set_status, try_open, try_reset, unique,
    },
    one_time_token::{issued, spend, user_of},
    session::{authenticated_at, end_of, freshen},
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    token::{Checked, CheckedSession, EndReason, Purpose},
    user::{UserId, UserStatus},
};

const RESETS: usize = 100;

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_new_password_leaves_one_session(store).await;
    a_stale_check_changes_nothing(store).await;
    an_account_without_a_password_gets_one(store).await;
    one_of_concurrent_changes_wins(store).await;
    a_change_never_survives_a_reset(store).await;
    a_change_revives_no_session(store).await;
    a_reset_is_spent_once(store).await;
    a_reset_ends_sessions_and_other_tokens(store).await;
    a_set_password_ends_sessions_and_reset_tokens(store).await;
}

/// A password change stores the hash, moves the session that made it to the new credential version,
/// and ends the user's other sessions and reset tokens.
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
    assert!(
        !is_live(store, &other, at).await,
        "another session is still live"
    );
    assert!(
        is_live(store, &stranger, at).await,
        "another user's session ended"
    );
    let renewed = rotation(&session, 0, session.digest, digest());
    rotated(store, &renewed).await;
    for digest in &token.digests {
        let found = store.one_time_user(digest, token.purpose, at).await;
        assert!(
            found.expect("one_time_user").is_none(),
            "a token is still valid"
        );
    }
    let stale = try_open(store, &new_session(user.id, 0)).await;
    assert!(stale.is_none(), "a sign-in in flight opened a session");
    assert_eq!(
        count_events(store, &user, EventKind::PasswordChanged).await,
        1
    );

    // A second change in the same session.
    let again = checked(&session, 1, Some("second"));
    assert_eq!(change(store, &again, "third", at).await, Checked::Done);
    assert!(is_live(store, &session, at).await);
}

/// A call with a different version or hash, or with a session that has ended or belongs to another user, writes
/// nothing.
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
        assert_eq!(count_events(store, &user, kind).await, 0, "{kind:?}");
    }
    set_status(store, user.id, UserStatus::Disabled).await;
    for version in [0, 1] {
        let disabled = checked(&session, version, Some("first"));
        assert_eq!(change(store, &disabled, "new", at).await, Checked::Stale);
        assert_eq!(freshen(store, &disabled, at).await, Checked::Stale);
    }
}

/// A user without a password can set a first password.
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

/// Of many changes with the same checked password from several sessions, exactly one succeeds.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_concurrent_changes_wins(store: &Subject) {
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
    assert_eq!(
        count_events(store, &user, EventKind::PasswordChanged).await,
        1
    );
}

/// If a change and a reset run concurrently, exactly one succeeds. The session stays live only if
/// the change succeeds.
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

/// A session that a logout ends during the change stays ended, whichever call runs first.
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
            "an ended session is live"
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

/// Of a hundred concurrent resets with the same token, exactly one sets its password.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_reset_is_spent_once(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    let outcomes = race(RESETS, |index| {
        let store = Arc::clone(store);
        let reset = reset(live, &format!("new {index}"), token.created_at);
        async move { try_reset(&store, &reset, None).await }
    });
    let outcomes = outcomes.await;
    let winners: Vec<usize> = (0..)
        .zip(&outcomes)
        .filter_map(|(index, outcome)| outcome.as_ref().map(|_| index))
        .collect();
    let [winner] = winners.as_slice() else {
        panic!("one token reset the password {} times", winners.len());
    };
    let stored = password_hash(store, &user).await;
    assert_eq!(stored, hashed(&format!("new {winner}")));
    assert_eq!(credentials(store, &user).await.credential_version, 1);
}

/// Sessions and other tokens end, an unverified address is verified, and a verified address keeps
/// its verification time.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_reset_ends_sessions_and_other_tokens(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (_, other) = fresh_session(store).await;
    let verify = issued(store, &new_token(&user, Purpose::VerifyEmail)).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    let at = token.created_at;
    assert_eq!(spend(store, live, at).await, Some(user.id));

    let found = credentials(store, &user).await;
    assert_eq!(found.user.email_verified_at, Some(at));
    assert_eq!(found.user.updated_at, at);
    assert_eq!(password_hash(store, &user).await, hashed("new"));
    assert!(!is_live(store, &session, at).await, "a session survived");
    assert!(
        is_live(store, &other, at).await,
        "another user's session ended"
    );
    let verify = user_of(store, verify, Purpose::VerifyEmail, at).await;
    assert!(verify.is_none(), "another token survived");
    let opened = try_open(store, &current_session(store, &user).await).await;
    assert!(opened.is_some(), "nobody can sign in after a reset");

    let mut again = new_token(&user, Purpose::ResetPassword);
    again.created_at = at + Duration::from_secs(1);
    again.credential_version = 1;
    let live = issued(store, &again).await;
    assert_eq!(spend(store, live, again.created_at).await, Some(user.id));
    let found = credentials(store, &user).await;
    assert_eq!(found.user.email_verified_at, Some(at));
}

async fn change(store: &Subject, checked: &CheckedSession, new: &str, at: Timestamp) -> Checked {
    let (hash, event) = (hash(new), event(EventKind::PasswordChanged));
    let changed = store.change_password(checked, None, &hash, at, &event, None);
    changed.await.expect("change_password")
}

/// The hash is stored, sessions and reset tokens end, and the rest of the account is unchanged.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_set_password_ends_sessions_and_reset_tokens(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (_, other) = fresh_session(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    store.issue_one_time(&token).await.expect("issue_one_time");
    set_status(store, user.id, UserStatus::Disabled).await;
    let version = credentials(store, &user).await.credential_version;
    let at = session.created_at + Duration::from_secs(1);
    let (done, second) = (event(EventKind::PasswordChanged), hash("second"));
    let set = store.set_password(user.id, &second, None, at, &done, None);
    let set = set.await.expect("set_password").expect("the user is there");
    let found = credentials(store, &user).await;
    assert_eq!(found.user, set);
    assert_eq!((set.status, set.updated_at), (UserStatus::Disabled, at));
    assert_eq!(found.credential_version, version + 1);
    assert_eq!(password_hash(store, &user).await, hashed("second"));
    set_status(store, user.id, UserStatus::Active).await;
    assert!(
        !is_live(store, &session, at).await,
        "a session is still live"
    );
    assert!(
        is_live(store, &other, at).await,
        "another user's session ended"
    );
    for digest in &token.digests {
        let found = store.one_time_user(digest, token.purpose, at).await;
        assert!(
            found.expect("one_time_user").is_none(),
            "a token is still valid"
        );
    }
    let events = count_events(store, &user, EventKind::PasswordChanged).await;
    assert_eq!(events, 1);
    let nobody = store.set_password(UserId::new(at), &second, None, at, &done, None);
    assert!(nobody.await.expect("set_password").is_none());
}
