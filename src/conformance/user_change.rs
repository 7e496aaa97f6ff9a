//! The contract of [`UserStore`](crate::user::UserStore): changing and deleting users.

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        TASKS, by_id, credentials, event, fresh_session, fresh_user, insert, is_live, new_session,
        new_token, new_user, now, race, role, set_status, try_open, unique, update, updated,
    },
};
use crate::{
    clock::Timestamp,
    event::{Author, ClientInfo, Event, EventFilter, EventKind},
    secret::TokenDigest,
    token::Purpose,
    user::{DeleteUser, Role, Roles, UpdateUser, User, UserChange, UserFilter, UserId, UserStatus},
};

/// Runs every check of this module. Those of the last administrator take the role from every other one they find.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_change_is_written_with_its_events(store).await;
    what_changes_nothing_writes_nothing(store).await;
    disabling_is_for_good(store).await;
    a_deleted_user_leaves_nothing_but_events(store).await;
    a_stale_deletion_deletes_nothing(store).await;
    the_last_administrator_stays(store).await;
    one_of_two_administrators_survives(store).await;
    one_of_many_administrators_survives(store).await;
}

/// Every member is changed, to the microsecond, and nothing else is.
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
    let expected = change.apply(&user, &author, later).expect("a change").user;
    let outcome = store.update_user(user.id, &change, &author, later).await;
    let UpdateUser::Updated(changed, mut events) = outcome.expect("update_user") else {
        panic!("the user was not changed");
    };
    assert_eq!(changed, expected);
    assert_eq!(
        by_id(store, user.id).await,
        Some(expected),
        "what was told was written"
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
    assert!(matches!(nobody, UpdateUser::NotFound), "changed nobody");
}

/// Neither the user nor the audit trail, nor the credentials.
///
/// # Panics
/// If the store breaks the contract.
pub async fn what_changes_nothing_writes_nothing(store: &Subject) {
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
            panic!("no change was refused: {outcome:?}");
        };
        assert_eq!(unchanged, user);
        assert!(events.is_empty(), "events of no change: {events:?}");
    }
    let found = credentials(store, &user).await;
    assert_eq!(found.user, user);
    assert_eq!(found.credential_version, 0);
    assert_eq!(events_of(store, user.id).await.len(), 1);
}

/// What a disabled user had open stays dead when the user is made active again.
///
/// # Panics
/// If the store breaks the contract.
pub async fn disabling_is_for_good(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let token = new_token(user.id, Purpose::ResetPassword);
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
        assert_eq!(found.user.status, status, "credentials know the status");
        assert_eq!(
            found.credential_version, 1,
            "disabling raises the version, once"
        );
    }
    let stale = try_open(store, &new_session(user.id, 0)).await;
    assert!(
        stale.is_none(),
        "a sign-in from before disabling went through"
    );
}

/// Sessions and tokens go with the user, the address is free, and the trail remembers.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_deleted_user_leaves_nothing_but_events(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let token = new_token(user.id, Purpose::ResetPassword);
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
        "a session passed to the next owner of the address"
    );
    let twice = delete(store, user.id, None).await;
    assert!(matches!(twice, DeleteUser::NotFound), "deleted twice");
    let count = events_of(store, user.id).await.len();
    assert_eq!(count, events.len(), "an event of no deletion");
}

/// Whoever decided on older credentials deletes nothing.
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

/// The only active administrator can be changed in other ways, and becomes free to go with a second one.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_last_administrator_stays(store: &Subject) {
    let [last] = only_administrators(store, 1).await[..] else {
        panic!("one administrator was asked for");
    };
    let disabled = administrator(store).await;
    set_status(store, disabled, UserStatus::Disabled).await;
    for removal in Removal::ALL {
        let removed = removal.attempt(store, last).await;
        assert!(!removed, "the last administrator is gone by {removal:?}");
    }
    assert_eq!(events_of(store, last).await.len(), 1, "events of no change");
    let other = UserChange {
        roles: Some([Role::ADMIN].into_iter().collect()),
        display_name: Some(Some("Ann".to_owned())),
        ..UserChange::default()
    };
    let changed = updated(update(store, last, &other).await);
    assert!(changed.is_administrator());

    set_status(store, disabled, UserStatus::Active).await;
    for removal in Removal::ALL {
        let second = administrator(store).await;
        assert!(
            removal.attempt(store, second).await,
            "{removal:?} of one of several"
        );
    }
}

/// Two administrators who remove each other, or themselves, in every pair of ways.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_two_administrators_survives(store: &Subject) {
    for first in Removal::ALL {
        for second in Removal::ALL {
            let both = only_administrators(store, 2).await;
            let removed = race(TASKS, |index| {
                let store = Arc::clone(store);
                let (way, whom) = [first, second]
                    .into_iter()
                    .zip(&both)
                    .nth(index % 2)
                    .map(|(way, whom)| (way, *whom))
                    .expect("one of two");
                async move { way.attempt(&store, whom).await }
            });
            assert!(removed.await.contains(&true), "nobody removed anybody");
            let left = administrators(store).await.len();
            assert_eq!(left, 1, "left after {first:?} against {second:?}");
        }
    }
}

/// As many administrators as tasks, all removed at once, in every way.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_many_administrators_survives(store: &Subject) {
    let all = only_administrators(store, TASKS).await;
    let removed = race(TASKS, |index| {
        let store = Arc::clone(store);
        let way = Removal::ALL.into_iter().cycle().nth(index);
        let way = way.expect("the ways repeat");
        let whom = *all.get(index).expect("an administrator for each task");
        async move { way.attempt(&store, whom).await }
    });
    let removed = removed.await.into_iter().filter(|removed| *removed).count();
    assert_eq!(removed, TASKS - 1, "all but one were removed");
    assert_eq!(administrators(store).await.len(), 1);
}

/// A way not to be an administrator any more.
#[derive(Clone, Copy, Debug)]
enum Removal {
    Delete,
    Demote,
    Disable,
}

impl Removal {
    const ALL: [Self; 3] = [Self::Delete, Self::Demote, Self::Disable];

    /// Whether it removed the administrator, or somebody had before.
    async fn attempt(self, store: &Subject, whom: UserId) -> bool {
        let change = match self {
            Self::Delete => {
                return !matches!(delete(store, whom, None).await, DeleteUser::LastAdmin);
            }
            Self::Demote => UserChange {
                roles: Some([Role::USER].into_iter().collect()),
                ..UserChange::default()
            },
            Self::Disable => UserChange {
                status: Some(UserStatus::Disabled),
                ..UserChange::default()
            },
        };
        !matches!(update(store, whom, &change).await, UpdateUser::LastAdmin)
    }
}

/// As many fresh administrators, and no others.
async fn only_administrators(store: &Subject, count: usize) -> Vec<UserId> {
    let before = administrators(store).await;
    let mut fresh = Vec::with_capacity(count);
    for _ in 0..count {
        fresh.push(administrator(store).await);
    }
    for user in before {
        assert!(Removal::Demote.attempt(store, user.id).await);
    }
    assert_eq!(administrators(store).await.len(), count);
    fresh
}

async fn administrator(store: &Subject) -> UserId {
    let mut user = new_user(&format!("{}@example.org", unique()));
    user.roles = [Role::ADMIN, Role::USER].into_iter().collect();
    insert(store, &user).await.id
}

async fn administrators(store: &Subject) -> Vec<User> {
    let filter = UserFilter {
        role: Some(Role::ADMIN),
        status: Some(UserStatus::Active),
        ..UserFilter::default()
    };
    let found = store.list_users(&filter, None, 1000).await;
    found.expect("list_users")
}

async fn delete(store: &Subject, id: UserId, credential_version: Option<i64>) -> DeleteUser {
    let event = event(EventKind::AccountDeleted);
    let deleted = store.delete_user(id, credential_version, &event).await;
    deleted.expect("delete_user")
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

/// What the trail tells of a user, the newest first.
async fn events_of(store: &Subject, user: UserId) -> Vec<Event> {
    let filter = EventFilter {
        user_id: Some(user),
        kind: None,
    };
    let events = store.list_events(&filter, None, 100).await;
    events.expect("list_events")
}
