//! The contract of [`AdministratorStore`](crate::store::AdministratorStore).

pub mod first;
pub mod last;

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        TASKS, by_id, credentials, delete, events_of, fresh_session, fresh_user, insert, is_live,
        new_session, new_token, new_user, now, race, role, set_status, try_open, update, updated,
    },
};
use crate::{
    clock::Timestamp,
    event::{Author, ClientInfo, EventKind},
    secret::TokenDigest,
    token::Purpose,
    user::{
        AppliedChange, DeleteUser, Roles, SeenUser, UpdateUser, User, UserChange, UserId,
        UserStatus,
    },
};

/// Runs every check in this module. The store must not contain an administrator.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    first::check_all(store).await;
    a_change_is_written_with_its_events(store).await;
    an_empty_change_writes_nothing(store).await;
    of_two_authors_the_later_one_is_overtaken(store).await;
    disabling_ends_sessions_for_good(store).await;
    a_deleted_user_leaves_only_events(store).await;
    a_stale_deletion_deletes_nothing(store).await;
    last::check_all(store).await;
}

/// Every field can be changed, and times are stored with microsecond precision.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_change_is_written_with_its_events(store: &Subject) {
    let user = fresh_user(store).await;
    let actor = fresh_user(store).await;
    let later = now() + Duration::from_secs(1);
    let author = Author {
        actor_id: Some(actor.id),
        client: ClientInfo::new(None, Some("check")),
    };
    let change = UserChange {
        roles: Some(
            ["admin", "a_b.c:d-1"]
                .iter()
                .map(|name| role(name))
                .collect(),
        ),
        status: Some(UserStatus::Disabled),
        display_name: Some(Some("Zoë \u{1f511} O'Neil".to_owned())),
        email_verified: Some(true),
        ..UserChange::default()
    };
    let AppliedChange::Changed(expected) = change.apply(&user, None, &author, later) else {
        panic!("the change has an effect");
    };
    let expected = expected.user;
    let outcome = store
        .update_user(user.id, &change, None, &author, later)
        .await;
    let UpdateUser::Updated(changed, mut events) = outcome.expect("update_user") else {
        panic!("the user was not changed");
    };
    assert_eq!(changed, expected);
    assert_eq!(
        by_id(store, user.id).await,
        Some(expected),
        "the returned user was not written"
    );
    for event in &mut events {
        event.user_id.get_or_insert(user.id);
        assert_eq!(event.actor_id, Some(actor.id));
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.id));
    let mut written = events_of(store, user.id).await;
    assert_eq!(
        written.pop().map(|event| event.kind),
        Some(EventKind::AccountCreated)
    );
    assert_eq!(written, events, "every event of the change is written");
    assert_eq!(events.len(), 3);

    let back = UserChange {
        roles: Some(Roles::default()),
        status: Some(UserStatus::Active),
        display_name: Some(None),
        email_verified: Some(false),
        ..UserChange::default()
    };
    let changed = updated(update(store, user.id, &back).await);
    assert_eq!(changed.roles, Roles::default());
    assert_eq!(changed.display_name, None);
    assert_eq!(changed.email_verified_at, None);
    assert_eq!(by_id(store, user.id).await, Some(changed));
    assert_eq!(events_of(store, user.id).await.len(), 7);

    let nobody = update(store, UserId::new(now()), &back).await;
    assert!(
        matches!(nobody, UpdateUser::NotFound),
        "an unknown user changed"
    );
}

/// If several authors read the same user and then change the same value concurrently, exactly one change is written.
/// The other authors get the user as written by that change. A change to a different value is written as well.
///
/// # Panics
/// If the store breaks the contract.
pub async fn of_two_authors_the_later_one_is_overtaken(store: &Subject) {
    let user = fresh_user(store).await;
    let seen = SeenUser::from(&user);
    let named = |name: String| UserChange {
        display_name: Some(Some(name)),
        ..UserChange::default()
    };
    let outcomes = race(TASKS, |index| {
        let (store, seen, id) = (Arc::clone(store), seen.clone(), user.id);
        let change = named(format!("Ann {index}"));
        async move { update_seen(&store, id, &change, &seen).await }
    });
    let (mut written, mut overtaken) = (Vec::new(), Vec::new());
    for outcome in outcomes.await {
        match outcome {
            UpdateUser::Updated(user, _) => written.push(user),
            UpdateUser::Overtaken(user) => overtaken.push(user),
            other => panic!("{other:?}"),
        }
    }
    let [written]: [User; 1] = written.try_into().expect("one change is written");
    assert!(overtaken.iter().all(|user| *user == written));
    assert_eq!(by_id(store, user.id).await, Some(written.clone()));
    let disable = UserChange {
        status: Some(UserStatus::Disabled),
        ..UserChange::default()
    };
    let disabled = updated(update_seen(store, user.id, &disable, &seen).await);
    assert_eq!(disabled.display_name, written.display_name);
}

async fn update_seen(
    store: &Subject,
    id: UserId,
    change: &UserChange,
    seen: &SeenUser,
) -> UpdateUser {
    let nobody = Author::default();
    let updated = store.update_user(id, change, Some(seen), &nobody, now());
    updated.await.expect("update_user")
}

/// An empty change leaves the user, the audit trail and the credentials unchanged.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_empty_change_writes_nothing(store: &Subject) {
    let user = fresh_user(store).await;
    let same = UserChange {
        roles: Some(user.roles.clone()),
        status: Some(user.status),
        display_name: Some(None),
        email_verified: Some(false),
        ..UserChange::default()
    };
    for change in [same, UserChange::default()] {
        let outcome = update(store, user.id, &change).await;
        let UpdateUser::Updated(unchanged, events) = outcome else {
            panic!("an empty change was refused: {outcome:?}");
        };
        assert_eq!(unchanged, user);
        assert!(events.is_empty(), "an empty change left events: {events:?}");
    }
    let found = credentials(store, &user).await;
    assert_eq!(found.user, user);
    assert_eq!(found.credential_version, 0);
    assert_eq!(events_of(store, user.id).await.len(), 1);
}

/// The sessions of a disabled user remain ended when the user is enabled again.
///
/// # Panics
/// If the store breaks the contract.
pub async fn disabling_ends_sessions_for_good(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    store.issue_one_time(&token).await.expect("issue_one_time");
    let later = now();
    for status in [UserStatus::Disabled, UserStatus::Active] {
        let changed = set_status(store, user.id, status).await;
        assert_eq!(changed.status, status);
        assert!(
            !is_live(store, &session, later).await,
            "a session outlived disabling ({status:?})"
        );
        assert!(
            !is_good(store, &token.digests, later).await,
            "a token outlived disabling ({status:?})"
        );
        let found = credentials(store, &user).await;
        assert_eq!(found.user.status, status, "the credentials have the status");
        assert_eq!(
            found.credential_version, 1,
            "disabling raises the version, once"
        );
    }
    let stale = try_open(store, &new_session(user.id, 0)).await;
    assert!(
        stale.is_none(),
        "a sign-in checked before disabling succeeded"
    );
}

/// Sessions and tokens are deleted, the address can be used again, and the audit trail is kept.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_deleted_user_leaves_only_events(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    store.issue_one_time(&token).await.expect("issue_one_time");
    let user = by_id(store, user.id).await.expect("the user is there");
    match delete(store, user.id, Some(0)).await {
        DeleteUser::Deleted(deleted) => assert_eq!(deleted, user),
        other => panic!("the user was not deleted: {other:?}"),
    }
    assert_eq!(by_id(store, user.id).await, None);
    let found = store.credentials(&user.email).await.expect("credentials");
    assert!(found.is_none(), "a deleted user has credentials");
    assert!(!is_live(store, &session, session.created_at).await);
    assert!(!is_good(store, &token.digests, token.created_at).await);
    assert!(try_open(store, &new_session(user.id, 0)).await.is_none());
    let events = events_of(store, user.id).await;
    assert!(
        events
            .iter()
            .any(|event| event.kind == EventKind::AccountDeleted)
    );

    let again = insert(store, &new_user(user.email.as_str())).await;
    assert_ne!(again.id, user.id);
    assert!(
        !is_live(store, &session, session.created_at).await,
        "the next owner of the address got a session"
    );
    let twice = delete(store, user.id, None).await;
    assert!(matches!(twice, DeleteUser::NotFound), "deleted twice");
    let count = events_of(store, user.id).await.len();
    assert_eq!(count, events.len(), "a failed deletion left an event");
}

/// A deletion with an outdated `credential_version` has no effect.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_stale_deletion_deletes_nothing(store: &Subject) {
    let user = fresh_user(store).await;
    set_status(store, user.id, UserStatus::Disabled).await;
    let stale = delete(store, user.id, Some(0)).await;
    assert!(
        matches!(stale, DeleteUser::Stale),
        "a stale deletion: {stale:?}"
    );
    assert!(by_id(store, user.id).await.is_some());
    let deleted = delete(store, user.id, Some(1)).await;
    assert!(matches!(deleted, DeleteUser::Deleted(_)), "{deleted:?}");
}

async fn is_good(store: &Subject, digests: &[TokenDigest], now: Timestamp) -> bool {
    for digest in digests {
        let user = store.one_time_user(digest, Purpose::ResetPassword, now);
        if user.await.expect("one_time_user").is_some() {
            return true;
        }
    }
    false
}
