//! How the lists of users are read, and administrators locked, among many users.

use hallpass::{
    Event, Role, UserId, UserStatus,
    event::Author,
    user::{DeleteUser, EmailPrefix, UserChange, UserFilter, UserStore as _},
};

use crate::support::{db::Database, plans::Watched};

const MANY: i32 = 20_000;

fn filter() -> UserFilter {
    UserFilter::default()
}

fn by_email(prefix: &str) -> UserFilter {
    UserFilter {
        email: Some(EmailPrefix::new(prefix)),
        ..filter()
    }
}

fn by_role(role: &'static str) -> UserFilter {
    UserFilter {
        role: Some(Role::from_static(role)),
        ..filter()
    }
}

fn by_status(status: UserStatus) -> UserFilter {
    UserFilter {
        status: Some(status),
        ..filter()
    }
}

/// The whole table is neither read nor sorted, at whatever depth and for whatever filter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_of_users_has_an_index() {
    for database in Database::migrated().await {
        let watched = Watched::open(&database.url()).await;
        watched.fill(MANY).await;
        let postgres = database.name() == "postgres";
        let (id, email) = if postgres {
            ("auth_users_pkey", "auth_users_email_canonical_key")
        } else {
            (
                "sqlite_autoindex_auth_users_1",
                "sqlite_autoindex_auth_users_2",
            )
        };
        let deep: UserId = "01977421-0000-7000-8000-000000000000".parse().unwrap();
        let cases = [
            (filter(), None, id, 50),
            (filter(), Some(deep), id, 50),
            (by_status(UserStatus::Active), Some(deep), id, 50),
            (by_role("user"), Some(deep), id, 50),
            (by_email("7919-"), None, email, 1),
            (by_email("nobody"), None, email, 0),
            (by_role("admin"), None, "auth_users_administrators", 1),
            (by_role("editor"), None, "auth_users_other_roles", 2),
            (by_role("nobody"), None, "auth_users_other_roles", 0),
            (
                by_status(UserStatus::Disabled),
                None,
                "auth_users_not_active",
                2,
            ),
        ];
        for (filter, after, index, count) in cases {
            let users = watched.store.list_users(&filter, after, 50).await.unwrap();
            assert!(users.len() >= count, "{filter:?}: {}", users.len());
            let plan = watched.plans().await;
            let context = format!("{} {filter:?} {after:?}: {plan}", database.name());
            assert!(plan.contains(index), "{context}");
            assert!(!plan.contains("Seq Scan"), "{context}");
            let sorts = plan.contains("Sort") || plan.contains("TEMP B-TREE");
            assert!(index == email || !sorts, "{context}");
        }
        // Many match: the list is walked until there are enough, or the few pages of the index are read.
        let users = watched
            .store
            .list_users(&by_email("1"), Some(deep), 50)
            .await;
        assert_eq!(users.unwrap().len(), 50);
        let plan = watched.plans().await;
        assert!(!plan.contains("Seq Scan"), "{plan}");
        assert!(!plan.contains("SCAN auth_users\n"), "{plan}");
    }
}

/// Whom a change has to lock is found without reading the whole table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_are_found_by_an_index() {
    for database in Database::migrated().await {
        let watched = Watched::open(&database.url()).await;
        watched.fill(MANY).await;
        let store = &watched.store;
        let by_role = async |role| store.list_users(&by_role(role), None, 5).await.unwrap();
        let (admin, user) = (by_role("admin").await[0].id, by_role("user").await[0].id);
        watched.plans().await;
        let now = hallpass::clock::Timestamp::from_timestamp_micros(1_800_000_000_000_000).unwrap();
        let disable = UserChange {
            status: Some(UserStatus::Disabled),
            ..UserChange::default()
        };
        store
            .update_user(user, &disable, &Author::default(), now)
            .await
            .unwrap();
        let event = || {
            Event::new(
                hallpass::EventKind::AccountDeleted,
                &Default::default(),
                now,
            )
        };
        let deleted = store.delete_user(user, None, &event()).await.unwrap();
        assert!(matches!(deleted, DeleteUser::Deleted(_)), "{deleted:?}");
        let refused = store.delete_user(admin, None, &event()).await.unwrap();
        assert!(matches!(refused, DeleteUser::LastAdmin), "{refused:?}");
        let plan = watched.plans().await;
        assert!(plan.contains("auth_users_administrators"), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
        assert!(!plan.contains("SCAN auth_users\n"), "{plan}");
    }
}
