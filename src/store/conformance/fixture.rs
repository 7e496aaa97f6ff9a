//! Shared helpers: fresh users, sessions and tokens, and races behind a barrier.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use tokio::sync::Barrier;

use super::Subject;
use crate::{
    clock::{Clock as _, SystemClock, Timestamp},
    event::{Author, ClientInfo, Event, EventFilter, EventKind},
    mail::{Intent, IntentId, LetterKind},
    secret::{PasswordHash, TokenDigest, random_bytes},
    token::{
        CheckedSession, EndReason, Method, NewOneTimeToken, NewSession, OpenSession, Purpose,
        RefreshGeneration, Reset, ResetPassword, RotateSession, Rotation, SessionId, SessionKind,
    },
    user::{
        Credentials, DeleteUser, EmailAddress, InsertUser, NewUser, Role, Roles, UpdateUser, User,
        UserChange, UserId, UserStatus,
    },
};

pub(super) const TASKS: usize = 32;
pub(super) const GRACE: Duration = Duration::from_secs(10);
pub(super) const MICROSECOND: Duration = Duration::from_micros(1);

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// A unique text.
pub(super) fn unique() -> String {
    let [a, b, c, d, e, f, g, h] = random_bytes::<8>();
    format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

pub(super) fn address(text: &str) -> EmailAddress {
    text.parse().expect("the checks use valid addresses")
}

/// A free address.
pub(super) fn fresh_address() -> EmailAddress {
    address(&format!("{}@example.org", unique()))
}

pub(super) fn role(name: &str) -> Role {
    name.parse().expect("the checks use valid roles")
}

pub(super) fn digest() -> TokenDigest {
    TokenDigest::from(random_bytes::<32>())
}

/// A different hash for each text.
pub(super) fn hash(text: &str) -> PasswordHash {
    let tag = STANDARD_NO_PAD.encode(TokenDigest::of(text).as_bytes());
    let hash = format!("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA${tag}");
    hash.parse()
        .expect("the checks use hashes that can be read")
}

/// The stored text of the hash.
pub(super) fn hashed(text: &str) -> Option<String> {
    Some(hash(text).expose().to_owned())
}

pub(super) fn new_user(email: &str) -> NewUser {
    let now = now();
    NewUser {
        id: UserId::new(now),
        email: address(email),
        email_verified_at: None,
        password_hash: Some(hash("first")),
        roles: Roles::from_iter([Role::USER]),
        display_name: None,
        locale: None,
        created_at: now,
    }
}

pub(super) async fn insert(store: &Subject, user: &NewUser) -> User {
    match store
        .insert_user(user, &event(EventKind::AccountCreated), None, None)
        .await
        .expect("insert_user")
    {
        InsertUser::Inserted(user) => user,
        InsertUser::EmailTaken => panic!("a fresh address was reported as taken"),
    }
}

/// An event at the current time, without an actor.
pub(super) fn event(kind: EventKind) -> Event {
    Event::new(kind, now(), &ClientInfo::default())
}

/// Changes a user at the current time, without an actor.
pub(super) async fn update(store: &Subject, id: UserId, change: &UserChange) -> UpdateUser {
    let updated = store
        .update_user(id, change, None, &Author::default(), now())
        .await;
    updated.expect("update_user")
}

/// Changes the status and expects success.
pub(super) async fn set_status(store: &Subject, id: UserId, status: UserStatus) -> User {
    let change = UserChange {
        status: Some(status),
        ..UserChange::default()
    };
    updated(update(store, id, &change).await)
}

pub(super) async fn delete(
    store: &Subject,
    id: UserId,
    credential_version: Option<i64>,
) -> DeleteUser {
    let event = event(EventKind::AccountDeleted);
    let deleted = store.delete_user(id, credential_version, &event).await;
    deleted.expect("delete_user")
}

/// A user's events, newest first.
pub(super) async fn events_of(store: &Subject, user: UserId) -> Vec<Event> {
    let filter = EventFilter {
        user_id: Some(user),
        kind: None,
    };
    let events = store.list_events(&filter, None, 100).await;
    events.expect("list_events")
}

pub(super) fn updated(outcome: UpdateUser) -> User {
    match outcome {
        UpdateUser::Updated(user, _) => user,
        other => panic!("the user was not changed: {other:?}"),
    }
}

/// A user with the password hash `first`.
pub(super) async fn fresh_user(store: &Subject) -> User {
    let email = format!("{}@example.org", unique());
    insert(store, &new_user(&email)).await
}

pub(super) async fn credentials(store: &Subject, user: &User) -> Credentials {
    let found = store.credentials(&user.email).await.expect("credentials");
    found.expect("the user is found by their address")
}

pub(super) async fn by_id(store: &Subject, id: UserId) -> Option<User> {
    store.user(id).await.expect("user")
}

pub(super) async fn password_hash(store: &Subject, user: &User) -> Option<String> {
    let hash = credentials(store, user).await.password_hash;
    hash.map(|hash| hash.expose().to_owned())
}

pub(super) fn new_session(user: UserId, credential_version: i64) -> NewSession {
    let now = now();
    NewSession {
        id: SessionId::new(now),
        user_id: user,
        credential_version,
        factor_version: 0,
        kind: SessionKind::Tokens,
        digest: digest(),
        created_at: now,
        idle_expires_at: now + Duration::from_secs(3600),
        absolute_expires_at: now + Duration::from_secs(7200),
        client: ClientInfo::new(Some([127, 0, 0, 1].into()), Some("check")),
        methods: [Method::Password, Method::Provider].into_iter().collect(),
        authenticated_at: now,
        second_factor_at: None,
        second: None,
        verified_hash: None,
        rehashed: None,
        cleared_counter: None,
        sessions_at_most: NonZeroU32::MAX,
    }
}

/// A new session with the user's current versions.
pub(super) async fn current_session(store: &Subject, user: &User) -> NewSession {
    let held = credentials(store, user).await;
    NewSession {
        factor_version: held.factor_version,
        ..new_session(user.id, held.credential_version)
    }
}

pub(super) async fn try_open(store: &Subject, session: &NewSession) -> Option<User> {
    match store
        .open_session(session, &[event(EventKind::SignedIn)], &[])
        .await
        .expect("open_session")
    {
        OpenSession::Opened(user) => Some(user),
        OpenSession::Stale => None,
    }
}

/// An open session of a fresh user.
pub(super) async fn fresh_session(store: &Subject) -> (User, NewSession) {
    let user = fresh_user(store).await;
    let session = new_session(user.id, 0);
    let opened = try_open(store, &session).await;
    (opened.expect("a session opens for an active user"), session)
}

pub(super) async fn is_live(store: &Subject, session: &NewSession, now: Timestamp) -> bool {
    let user = store.session_user(session.id, session.user_id, now).await;
    user.expect("session_user").is_some()
}

pub(super) fn rotation(
    session: &NewSession,
    generation: RefreshGeneration,
    presented: TokenDigest,
    successor: TokenDigest,
) -> RotateSession {
    RotateSession {
        id: session.id,
        generation,
        presented,
        successors: vec![successor],
        now: session.created_at + Duration::from_secs(1),
        idle_expires_at: session.idle_expires_at,
        grace: GRACE,
    }
}

pub(super) async fn rotate(store: &Subject, rotation: &RotateSession) -> Rotation {
    store
        .rotate_session(rotation, &event(EventKind::RefreshTokenReused), None)
        .await
        .expect("rotate_session")
}

/// Exchanges the refresh token, and expects success.
pub(super) async fn rotated(store: &Subject, rotation: &RotateSession) {
    match rotate(store, rotation).await {
        Rotation::Rotated(_) => {}
        other => panic!("the current token was not exchanged: {other:?}"),
    }
}

pub(super) async fn log_out(store: &Subject, session: &NewSession) -> bool {
    let event = event(EventKind::LoggedOut);
    let ended = store.end_session(session.id, EndReason::Logout, session.created_at, &event);
    ended.await.expect("end_session").is_some()
}

/// A token mailed to the user's address at the initial credential version.
pub(super) fn new_token(user: &User, purpose: Purpose) -> NewOneTimeToken {
    let now = now();
    NewOneTimeToken {
        digests: vec![digest()],
        purpose,
        user_id: user.id,
        address: user.email.clone(),
        credential_version: 0,
        intent: IntentId::new(now),
        letter: match purpose {
            Purpose::SecureAccount => LetterKind::PasswordChanged,
            _ => LetterKind::ResetPassword,
        },
        created_at: now,
        expires_at: now + Duration::from_secs(1800),
    }
}

pub(super) fn reset(digest: TokenDigest, password_hash: &str, now: Timestamp) -> ResetPassword {
    ResetPassword {
        cleared_counter: None,
        digest,
        password_hash: hash(password_hash),
        now,
    }
}

/// Tries to reset a password and returns the events.
pub(super) async fn try_reset(
    store: &Subject,
    reset: &ResetPassword,
    mail: Option<&Intent>,
) -> Option<Reset> {
    let [done, on_takeover] = [EventKind::PasswordReset, EventKind::AccountTakenOver].map(event);
    let reset = store.reset_password(reset, &done, &on_takeover, mail);
    reset.await.expect("reset_password")
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

/// The number of events of this kind about the user.
pub(super) async fn count_events(store: &Subject, user: &User, kind: EventKind) -> usize {
    let filter = EventFilter {
        user_id: Some(user.id),
        kind: Some(kind),
    };
    let events = store.list_events(&filter, None, 50).await;
    events.expect("list_events").len()
}

/// Starts this many tasks behind a barrier and returns their results.
pub(super) async fn race<T, F>(tasks: usize, mut task: impl FnMut(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(tasks));
    let running: Vec<_> = (0..tasks)
        .map(|index| {
            let barrier = Arc::clone(&barrier);
            let task = task(index);
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(tasks);
    for task in running {
        outcomes.push(task.await.expect("a task of the race ends without a panic"));
    }
    outcomes
}

/// Runs one task for each item at the same time.
pub(super) async fn race_each<I, T, F>(items: Vec<I>, mut task: impl FnMut(I) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks: Vec<F> = items.into_iter().rev().map(&mut task).collect();
    race(tasks.len(), |_| {
        tasks.pop().expect("there is a task for each item")
    })
    .await
}
