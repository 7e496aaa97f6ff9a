//! The contract of [`UserStore`](crate::store::UserStore).

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    Subject,
    fixture::{
        TASKS, by_id, credentials, event, fresh_user, hash, insert, new_user, now, race, role,
        set_status, unique,
    },
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    user::{
        EmailPrefix, InsertUser, Locale, ProfileChange, Role, User, UserFilter, UserId, UserStatus,
    },
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_user_is_found_as_added(store).await;
    a_canonical_address_has_one_account(store).await;
    addresses_are_found_by_id(store).await;
    users_are_listed_page_by_page(store).await;
    an_address_prefix_is_literal(store).await;
    filters_are_literal_and_combine(store).await;
    a_profile_is_changed_in_part(store).await;
}

/// The addresses of a hundred identifiers are found, whether or not all of them exist.
///
/// # Panics
/// If the store breaks the contract.
pub async fn addresses_are_found_by_id(store: &Subject) {
    let (ann, bob) = (fresh_user(store).await, fresh_user(store).await);
    let mut ids = vec![ann.id, bob.id, ann.id];
    ids.resize_with(100, || UserId::new(now()));
    let mut found = store.addresses(&ids).await.expect("addresses");
    found.sort_by_key(|(id, _)| *id);
    found.dedup();
    let mut expected = [(ann.id, ann.email), (bob.id, bob.email)];
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(found, expected);
    let none = store.addresses(&[]).await.expect("addresses");
    assert!(none.is_empty());
}

/// An added user is found by the canonical address, with `credential_version` 0.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_user_is_found_as_added(store: &Subject) {
    let text = format!("Zoë.{}@Example.ORG", unique());
    let mut new = new_user(&text);
    new.locale = Some(Locale::ZH);
    new.display_name = Some("Zoë \u{1f511} O'Neil".to_owned());
    new.email_verified_at = Timestamp::from_timestamp_micros(1_700_000_000_123_456);
    new.roles = [Role::ADMIN, Role::USER].into_iter().collect();
    let added = insert(store, &new).await;
    let found = credentials(store, &added).await;
    assert_eq!(found.user, added, "the user is found as added");
    assert_eq!(by_id(store, added.id).await, Some(added.clone()));
    assert_eq!(
        found.user.email.as_str(),
        text,
        "the address is kept as given"
    );
    assert_eq!(found.user.id, new.id);
    assert_eq!(found.user.display_name, new.display_name);
    assert_eq!(found.user.email_verified_at, new.email_verified_at);
    assert_eq!(found.user.roles, new.roles);
    assert_eq!(found.user.status, UserStatus::Active);
    assert!(found.user.metadata.is_empty());
    assert_eq!(found.user.created_at, new.created_at);
    assert_eq!(found.user.updated_at, new.created_at);
    assert_eq!(found.user.last_login_at, None);
    assert_eq!(found.user.locale, new.locale);
    assert_eq!(found.credential_version, 0);
    let stored = found.password_hash.expect("the password hash is kept");
    assert_eq!(stored.expose(), hash("first").expose());

    let nobody = new_user(&format!("{}@example.org", unique())).email;
    let found = store.credentials(&nobody).await.expect("credentials");
    assert!(found.is_none(), "an unknown address has no credentials");
    assert_eq!(by_id(store, UserId::new(now())).await, None);
}

/// Of many concurrent inserts with the same canonical address, exactly one succeeds.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_canonical_address_has_one_account(store: &Subject) {
    let local = format!("ada{}", unique());
    let inserted = race(TASKS, |index| {
        let store = Arc::clone(store);
        let text = match index % 3 {
            0 => format!("{local}@example.org"),
            1 => format!("{}@example.org", local.to_uppercase()),
            _ => format!("{local}@EXAMPLE.org"),
        };
        async move {
            store
                .insert_user(
                    &new_user(&text),
                    &event(EventKind::AccountCreated),
                    None,
                    None,
                )
                .await
        }
    });
    let inserted = inserted.await;
    let mut winners =
        inserted
            .into_iter()
            .filter_map(|outcome| match outcome.expect("insert_user") {
                InsertUser::Inserted(user) => Some(user),
                InsertUser::EmailTaken => None,
            });
    let winner = winners.next().expect("one insert succeeds");
    assert!(winners.next().is_none(), "two accounts have one address");
    assert_eq!(credentials(store, &winner).await.user, winner);
}

/// The pages list users in descending order of id, without gaps or overlaps.
///
/// # Panics
/// If the store breaks the contract.
pub async fn users_are_listed_page_by_page(store: &Subject) {
    let prefix = unique();
    let mut added = Vec::new();
    for index in 0..7 {
        let user = new_user(&format!("{prefix}-{index}@example.org"));
        added.push(insert(store, &user).await);
    }
    added.sort_by_key(|user| std::cmp::Reverse(user.id));
    let filter = by_prefix(&prefix);
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = list(store, &filter, after, 3).await;
        assert!(page.len() <= 3, "a page is longer than its limit");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        listed.extend(page);
    }
    assert_eq!(listed, added, "the pages list all users by descending id");
    assert!(list(store, &filter, None, 0).await.is_empty());
}

/// `%` and `_` in a prefix are literal, case is folded, and the upper bound is exact.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_address_prefix_is_literal(store: &Subject) {
    let base = unique();
    let names = ["a%b", "axb", "a_c", "ayc", "a%bz", "ß", "\u{ffed}"];
    for name in names {
        insert(store, &new_user(&format!("{base}{name}@example.org"))).await;
    }
    let cases = [
        ("", 7),
        ("a", 5),
        ("A%b", 2),
        ("a%", 2),
        ("a_", 1),
        ("a_c@example.org", 1),
        ("axb@", 1),
        ("%", 0),
        ("_", 0),
        ("ß", 1),
        ("\u{ffed}", 1),
    ];
    for (end, count) in cases {
        let filter = by_prefix(&format!("{base}{end}"));
        let found = list(store, &filter, None, 50).await;
        assert_eq!(found.len(), count, "users with the prefix …{end}");
    }
}

/// A filter matches the whole name of a role, `_` is literal, and filters can be combined.
///
/// # Panics
/// If the store breaks the contract.
pub async fn filters_are_literal_and_combine(store: &Subject) {
    let prefix = unique();
    let roles: [&[&str]; 5] = [&["user"], &["a_b", "user"], &["axb"], &["user-x"], &[]];
    let mut users = Vec::new();
    for (index, roles) in roles.into_iter().enumerate() {
        let mut user = new_user(&format!("{prefix}-{index}@example.org"));
        user.roles = roles.iter().map(|name| role(name)).collect();
        users.push(insert(store, &user).await);
    }
    let second = users.get(1).expect("a second user").id;
    set_status(store, second, UserStatus::Disabled).await;

    let filter = |role_name: Option<&str>, status| UserFilter {
        role: role_name.map(role),
        status,
        ..by_prefix(&prefix)
    };
    let active = Some(UserStatus::Active);
    let disabled = Some(UserStatus::Disabled);
    let cases = [
        (filter(None, None), 5),
        (filter(Some("user"), None), 2),
        (filter(Some("a_b"), None), 1),
        (filter(Some("axb"), None), 1),
        (filter(Some("use"), None), 0),
        (filter(None, active), 4),
        (filter(None, disabled), 1),
        (filter(Some("user"), active), 1),
        (filter(Some("user"), disabled), 1),
        (filter(Some("axb"), disabled), 0),
    ];
    for (filter, count) in cases {
        let found = list(store, &filter, None, 50).await;
        assert_eq!(found.len(), count, "users that match {filter:?}");
    }
}

/// Fields that are not in the change stay unchanged; metadata is replaced as a whole.
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

fn by_prefix(prefix: &str) -> UserFilter {
    UserFilter {
        email: Some(EmailPrefix::new(prefix)),
        ..UserFilter::default()
    }
}

async fn list(
    store: &Subject,
    filter: &UserFilter,
    after: Option<UserId>,
    limit: u32,
) -> Vec<User> {
    let users = store.list_users(filter, after, limit).await;
    users.expect("list_users")
}
