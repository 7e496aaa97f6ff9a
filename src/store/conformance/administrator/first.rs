//! The contract of [`AdministratorStore`](crate::store::AdministratorStore): the first
//! administrator.

use std::sync::Arc;

use crate::{
    email::EmailAddress,
    event::EventKind,
    store::conformance::{
        Subject,
        administrator::last::administrators,
        fixture::{
            TASKS, by_id, event, events_of, fresh_address, fresh_user, new_user, race, set_status,
        },
    },
    user::{FirstAdministrator, NewUser, Role, UserStatus},
};

/// Runs every check in this module. The store must not contain an administrator.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    let known = administrators(store).await;
    assert!(
        known.is_empty(),
        "the checks start without an administrator"
    );
    a_taken_address_stays_with_its_account(store).await;
    one_of_concurrent_inserts_makes_the_first_administrator(store).await;
    a_second_first_administrator_is_refused(store).await;
}

/// If an account already has the address, nothing is written. The account gets no role, because it
/// may belong to someone else.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_taken_address_stays_with_its_account(store: &Subject) {
    let user = fresh_user(store).await;
    let disabled = fresh_user(store).await;
    let disabled = set_status(store, disabled.id, UserStatus::Disabled).await;
    for user in [user, disabled] {
        let recorded = events_of(store, user.id).await;
        let new = administrator(&user.email);
        let outcome = insert_first(store, &new).await;
        assert!(
            matches!(outcome, FirstAdministrator::EmailTaken),
            "{outcome:?}"
        );
        assert_eq!(by_id(store, user.id).await.as_ref(), Some(&user));
        assert_eq!(by_id(store, new.id).await, None);
        assert_eq!(events_of(store, user.id).await, recorded);
    }
}

/// Each instance adds a different address, as instances with different configurations would.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_concurrent_inserts_makes_the_first_administrator(store: &Subject) {
    let all: Vec<NewUser> = (0..TASKS)
        .map(|_| administrator(&fresh_address()))
        .collect();
    let outcomes = race(TASKS, |index| {
        let store = Arc::clone(store);
        let new = all.get(index).expect("one value for each task").clone();
        async move { insert_first(&store, &new).await }
    });
    let mut inserted = Vec::new();
    for outcome in outcomes.await {
        match outcome {
            FirstAdministrator::Inserted(user) => inserted.push(user),
            FirstAdministrator::NotFirst => {}
            FirstAdministrator::EmailTaken => panic!("a free address was reported as taken"),
        }
    }
    let [first] = inserted.as_slice() else {
        panic!("{} administrators were the first", inserted.len());
    };
    assert_eq!(administrators(store).await, inserted);
    let new = all.iter().find(|new| new.id == first.id);
    assert_eq!(new.map(NewUser::to_user).as_ref(), Some(first));
    let kinds: Vec<EventKind> = events_of(store, first.id)
        .await
        .iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, [EventKind::AccountCreated]);
    for new in all.iter().filter(|new| new.id != first.id) {
        assert!(
            events_of(store, new.id).await.is_empty(),
            "a refused call left an event"
        );
    }
}

/// If there is an administrator, the call is refused, whether or not the address is taken.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_second_first_administrator_is_refused(store: &Subject) {
    let before = administrators(store).await;
    let user = fresh_user(store).await;
    let mut addresses = vec![fresh_address(), user.email];
    addresses.extend(before.iter().map(|user| user.email.clone()));
    for address in addresses {
        let new = administrator(&address);
        let outcome = insert_first(store, &new).await;
        assert!(
            matches!(outcome, FirstAdministrator::NotFirst),
            "{outcome:?}"
        );
        assert_eq!(by_id(store, new.id).await, None);
    }
    assert_eq!(administrators(store).await, before);
}

fn administrator(email: &EmailAddress) -> NewUser {
    let mut user = new_user(email.as_str());
    user.roles = [Role::ADMIN, Role::USER].into_iter().collect();
    user
}

async fn insert_first(store: &Subject, new: &NewUser) -> FirstAdministrator {
    let event = event(EventKind::AccountCreated);
    let inserted = store.insert_first_administrator(new, &event).await;
    inserted.expect("insert_first_administrator")
}
