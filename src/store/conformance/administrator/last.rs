//! The contract of [`AdministratorStore`](crate::store::AdministratorStore): the last
//! administrator.

use std::sync::Arc;

use crate::{
    store::conformance::{
        Subject,
        fixture::{
            TASKS, delete, events_of, fresh_user, insert, new_user, race, set_status, unique,
            update, updated,
        },
    },
    user::{DeleteUser, Role, UpdateUser, User, UserChange, UserFilter, UserId, UserStatus},
};

/// Runs every check in this module. The checks demote every other administrator.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    the_last_administrator_stays(store).await;
    one_of_two_administrators_survives(store).await;
    one_of_many_administrators_survives(store).await;
    promotions_during_demotions_leave_one_administrator(store).await;
}

/// Other changes to the only active administrator are allowed, and the administrator can be removed
/// once there is a second one.
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
        assert!(!removed, "{removal:?} removed the last administrator");
    }
    assert_eq!(
        events_of(store, last).await.len(),
        1,
        "an empty change left events"
    );
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
            "{removal:?} failed with several administrators"
        );
    }
}

/// Two administrators remove each other or themselves, with every combination of methods.
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
            assert!(
                removed.await.contains(&true),
                "no call removed an administrator"
            );
            let left = administrators(store).await.len();
            assert_eq!(left, 1, "administrators after {first:?} against {second:?}");
        }
    }
}

/// A separate task removes each administrator, and all the tasks run at the same time.
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

/// A user who is promoted during a demotion counts as an administrator at once, and may be the last
/// one.
///
/// # Panics
/// If the store breaks the contract.
pub async fn promotions_during_demotions_leave_one_administrator(store: &Subject) {
    for _ in 0..4 {
        let [first] = only_administrators(store, 1).await[..] else {
            panic!("one administrator was asked for");
        };
        let second = fresh_user(store).await.id;
        let outcomes = race(TASKS, |index| {
            let store = Arc::clone(store);
            let (whom, roles) = match index % 4 {
                0 => (second, Role::ADMIN),
                1 => (first, Role::USER),
                2 => (first, Role::ADMIN),
                _ => (second, Role::USER),
            };
            let change = UserChange {
                roles: Some([roles].into_iter().collect()),
                ..UserChange::default()
            };
            async move { update(&store, whom, &change).await }
        });
        for outcome in outcomes.await {
            assert!(!matches!(outcome, UpdateUser::NotFound), "{outcome:?}");
        }
        let left = administrators(store).await.len();
        assert!(left >= 1, "no administrator is left");
    }
}

/// A way to stop being an administrator.
#[derive(Clone, Copy, Debug)]
enum Removal {
    Delete,
    Demote,
    Disable,
}

impl Removal {
    const ALL: [Self; 3] = [Self::Delete, Self::Demote, Self::Disable];

    /// Whether this call removed the administrator.
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

/// Creates this many administrators, and demotes all others.
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

pub(super) async fn administrators(store: &Subject) -> Vec<User> {
    let filter = UserFilter {
        role: Some(Role::ADMIN),
        status: Some(UserStatus::Active),
        ..UserFilter::default()
    };
    let found = store.list_users(&filter, None, 1000).await;
    found.expect("list_users")
}
