//! The contract of [`EventStore`](crate::store::EventStore): the trail contains one event for each
//! change, and no other events.

use std::time::Duration;

use serde_json::Map;

use super::{
    Subject,
    fixture::{
        address, digest, event, fresh_session, fresh_user, log_out, new_session, new_token,
        new_user, now, reset, try_open, try_reset, unique,
    },
};
use crate::{
    event::{ClientInfo, Event, EventFilter, EventId, EventKind},
    mail::{Intent, IntentId, LetterKind, Recipient},
    token::{EndReason, Purpose},
    user::{InsertUser, UserId},
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    an_event_is_kept_whole(store).await;
    events_are_listed_newest_first(store).await;
    an_account_that_is_not_made_leaves_no_event(store).await;
    a_session_that_is_not_opened_leaves_no_event(store).await;
    the_end_of_a_session_leaves_one_event(store).await;
    a_token_that_is_not_spent_leaves_no_event(store).await;
    an_order_event_names_the_holder_of_the_address(store).await;
}

/// Every field is returned unchanged, and times are stored with microsecond precision.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_event_is_kept_whole(store: &Subject) {
    let (user, actor) = (UserId::new(now()), UserId::new(now()));
    let client = ClientInfo::new("2001:db8::1".parse().ok(), Some("a check"));
    let client = client.with_request_id("request");
    let full = Event::new(EventKind::SignInFailed, now(), &client)
        .of(user)
        .by(actor)
        .with("text", "Zoë \u{1f511} '\"")
        .with("list", vec![1, 2]);
    let bare = event(EventKind::SignedIn).of(user);
    for event in [&full, &bare] {
        store.record_event(event).await.expect("record_event");
    }
    let mut kept = list(store, user, None, None, 10).await;
    kept.sort_by_key(|event| event.id != full.id);
    assert_eq!(kept, [full, bare]);
}

/// The list filters by user and kind, and each event is on exactly one page.
///
/// # Panics
/// If the store breaks the contract.
pub async fn events_are_listed_newest_first(store: &Subject) {
    let user = UserId::new(now());
    let mut made = Vec::new();
    for index in 0..7 {
        let kind = if index % 2 == 0 {
            EventKind::SignedIn
        } else {
            EventKind::LoggedOut
        };
        let at = now() + Duration::from_millis(index);
        let event = Event::new(kind, at, &ClientInfo::default()).of(user);
        store.record_event(&event).await.expect("record_event");
        made.push(event);
    }
    made.reverse();
    for kind in [None, Some(EventKind::SignedIn), Some(EventKind::LoggedOut)] {
        let of_kind = |event: &&Event| kind.is_none_or(|kind| event.kind == kind);
        let expected: Vec<Event> = made.iter().filter(of_kind).cloned().collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = list(store, user, kind, after, 2).await;
            assert!(page.len() <= 2, "a page beyond its limit");
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            found.extend(page);
        }
        assert_eq!(found, expected, "{kind:?}");
    }
    assert!(
        list(store, UserId::new(now()), None, None, 9)
            .await
            .is_empty()
    );
}

/// Creating an account writes one event. If the account is refused, no event is written.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_account_that_is_not_made_leaves_no_event(store: &Subject) {
    let email = format!("{}@example.org", unique());
    for (taken, count) in [(false, 1), (true, 0)] {
        let user = new_user(&email);
        let made = event(EventKind::AccountCreated);
        let outcome = store
            .insert_user(&user, &made, None, None)
            .await
            .expect("insert_user");
        assert_eq!(matches!(outcome, InsertUser::EmailTaken), taken);
        let events = list(store, user.id, None, None, 9).await;
        assert_eq!(events.len(), count, "taken: {taken}");
    }
}

/// A sign-in with an outdated credential writes no event.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_session_that_is_not_opened_leaves_no_event(store: &Subject) {
    let user = fresh_user(store).await;
    for (version, count) in [(7, 0), (0, 1)] {
        let opened = try_open(store, &new_session(user.id, version)).await;
        assert_eq!(opened.is_some(), count == 1);
        assert_eq!(count_of(store, user.id, EventKind::SignedIn).await, count);
    }
}

/// Only a session's first logout writes an event. Ending all sessions of an unknown user writes no event.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_end_of_a_session_leaves_one_event(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    for is_first in [true, false] {
        assert_eq!(log_out(store, &session).await, is_first);
        assert_eq!(count_of(store, user.id, EventKind::LoggedOut).await, 1);
    }
    let nobody = UserId::new(now());
    for (user, count) in [(user.id, 1), (nobody, 0)] {
        let ended = event(EventKind::LoggedOutEverywhere);
        let ended = store
            .end_sessions(user, EndReason::LogoutAll, now(), &ended)
            .await;
        ended.expect("end_sessions");
        let kind = EventKind::LoggedOutEverywhere;
        assert_eq!(count_of(store, user, kind).await, count);
    }
}

/// An attempt to spend a token that is unknown, expired, used or for another purpose writes no
/// event.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_that_is_not_spent_leaves_no_event(store: &Subject) {
    let user = fresh_user(store).await;
    let verify = new_token(&user, Purpose::VerifyEmail);
    let token = new_token(&user, Purpose::ResetPassword);
    for token in [&verify, &token] {
        store.issue_one_time(token).await.expect("issue_one_time");
    }
    let first = |digests: &[_]| digests.first().copied().expect("a token has a digest");
    let (of_verify, of_reset) = (first(&verify.digests), first(&token.digests));
    let at = token.created_at;
    for (digest, at, count) in [
        (digest(), at, 0),
        (of_verify, at, 0),
        (of_reset, token.expires_at, 0),
        (of_reset, at, 1),
        (of_reset, at, 1),
    ] {
        try_reset(store, &reset(digest, "new", at), None).await;
        assert_eq!(
            count_of(store, user.id, EventKind::PasswordReset).await,
            count
        );
    }
}

/// The event for a queued email names the user who has the address, if there is one.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_order_event_names_the_holder_of_the_address(store: &Subject) {
    let user = fresh_user(store).await;
    let stranger = address(&format!("{}@example.org", unique()));
    for (address, holder) in [(user.email.clone(), Some(user.id)), (stranger, None)] {
        let intent = Intent {
            id: IntentId::new(now()),
            letter: LetterKind::ResetPassword,
            recipient: Recipient::Holder(address),
            payload: Map::new(),
            created_at: now(),
            // The email expires at once, so that no worker sends it.
            not_after: now(),
        };
        let asked = event(EventKind::PasswordResetRequested);
        let ordered = store
            .enqueue(std::slice::from_ref(&intent), Some(&asked))
            .await;
        ordered.expect("enqueue");
        let filter = EventFilter {
            user_id: None,
            kind: Some(EventKind::PasswordResetRequested),
        };
        let events = store.list_events(&filter, None, 100).await;
        let events = events.expect("list_events");
        let found = events.iter().find(|event| event.id == asked.id);
        let found = found.expect("the request left its event");
        assert_eq!(found.user_id, holder);
        store.complete(intent.id, 0).await.expect("complete");
    }
}

async fn list(
    store: &Subject,
    user: UserId,
    kind: Option<EventKind>,
    after: Option<EventId>,
    limit: u32,
) -> Vec<Event> {
    let filter = EventFilter {
        user_id: Some(user),
        kind,
    };
    let events = store.list_events(&filter, after, limit).await;
    events.expect("list_events")
}

async fn count_of(store: &Subject, user: UserId, kind: EventKind) -> usize {
    list(store, user, Some(kind), None, 100).await.len()
}
