//! Query plans with many users: lists of users, locks on administrators, identities and codes.

use std::{num::NonZeroU32, time::Duration};

use hallpass::{
    UserId,
    clock::{Clock as _, SystemClock, Timestamp},
    event::{Author, ClientInfo, Event},
    identity::{
        Assertion, CodeChallenge, IdentityAdmission, IdentityId, IdentitySignIn, NewCode, Unlinked,
    },
    secret::TokenDigest,
    store::{
        AdministratorStore as _, FlowStore as _, IdentityStore as _, PurgeStore as _,
        SessionStore as _, UserStore as _,
    },
    token::{Methods, NewSession, OpenSession, SessionId, SessionKind},
    user::{DeleteUser, EmailPrefix, Role, UserChange, UserFilter, UserStatus},
};
use sea_orm::{ConnectionTrait as _, DbBackend};

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

/// The whole table is not read or sorted, whatever the filter and the depth.
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
        // Many users match, so the list is walked, or the few pages of the index are read.
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

/// The users to lock are found without a table scan.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_are_found_by_an_index() {
    for database in Database::migrated().await {
        let watched = Watched::open(&database.url()).await;
        watched.fill(MANY).await;
        let store = &watched.store;
        let by_role = async |role| store.list_users(&by_role(role), None, 5).await.unwrap();
        let (admin, user) = (by_role("admin").await[0].id, by_role("user").await[0].id);
        watched.plans().await;
        let now = Timestamp::from_timestamp_micros(1_800_000_000_000_000).unwrap();
        let disable = UserChange {
            status: Some(UserStatus::Disabled),
            ..UserChange::default()
        };
        store
            .update_user(user, &disable, None, &Author::default(), now)
            .await
            .unwrap();
        let event = || {
            Event::new(
                hallpass::event::EventKind::AccountDeleted,
                now,
                &Default::default(),
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

/// Look-ups by identity and code, and the deletions of an account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identities_and_codes_are_found_by_indexes() {
    for database in Database::migrated().await {
        let watched = Watched::open(&database.url()).await;
        watched.fill(MANY).await;
        fill_identities(&database).await;
        let store = &watched.store;
        let users = store.list_users(&by_email("7919-"), None, 1).await.unwrap();
        let user = users[0].clone();
        watched.plans().await;
        let by_user = "auth_identities_user_id";
        let (by_subject, by_code, by_state) = if database.name() == "postgres" {
            (
                "auth_identities_issuer_subject",
                "auth_oauth_flows_code_key",
                "auth_oauth_flows_pkey",
            )
        } else {
            (
                "sqlite_autoindex_auth_identities_2",
                "sqlite_autoindex_auth_oauth_flows_2",
                "sqlite_autoindex_auth_oauth_flows_1",
            )
        };
        let uses = async |indexes: &[&str], what: &str| {
            let plan = watched.plans().await;
            for index in indexes {
                assert!(plan.contains(index), "{what}: {plan}");
            }
            assert!(!plan.contains("Seq Scan"), "{what}: {plan}");
            for scan in ["SCAN auth_", "SCAN i\n", "SCAN u\n", "SCAN f\n", "SCAN h\n"] {
                assert!(!plan.contains(scan), "{what}: {plan}");
            }
        };
        let now = SystemClock.now();
        let (code, challenge) = (TokenDigest::of("code"), CodeChallenge::of("verifier"));
        let said = Assertion {
            provider: "example".to_owned(),
            issuer: "https://id.example.org".to_owned(),
            subject: user.email.as_str().to_owned(),
            email: Some(user.email.clone()),
            email_verified: true,
            trusted: true,
            display_name: None,
        };
        let candidates = store.candidates(&said).await.unwrap();
        assert!(candidates.linked.is_some() && candidates.holder.is_some());
        uses(&[by_subject], "candidates").await;
        let arrival = IdentitySignIn {
            assertion: said,
            identity: IdentityId::new(now),
            new_user: None,
            code: NewCode {
                flow: TokenDigest::of("state"),
                digest: code,
                expires_at: now,
            },
            author: Author::default(),
            now,
            joined: None,
            verification: None,
        };
        let arrived = store.sign_in(&arrival).await.unwrap();
        assert!(
            matches!(arrived, IdentityAdmission::Admitted(..)),
            "{arrived:?}"
        );
        uses(&[by_subject, by_state], "arrive").await;
        store.take_flow(&code, &code, now).await.unwrap();
        uses(&[by_state], "take_flow").await;
        store.redeem_code(&code, &challenge, now).await.unwrap();
        uses(&[by_code], "redeem_code").await;
        let identities = store.identities(user.id).await.unwrap();
        uses(&[by_user], "identities").await;
        let event = Event::new(
            hallpass::event::EventKind::IdentityUnlinked,
            now,
            &Default::default(),
        );
        let unlinked = store.unlink_identity(user.id, identities[0].id, &event);
        assert_eq!(unlinked.await.unwrap(), Unlinked::LastCredential);
        uses(&[by_user], "unlink_identity").await;
        store.purge_flows(now, None, 10).await.unwrap();
        uses(&[by_state], "purge_flows").await;
    }
}

/// A sign-in and a list of sessions read open sessions, not ended ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_sessions_are_found_among_many_that_ended() {
    for database in Database::migrated().await {
        let watched = Watched::open(&database.url()).await;
        watched.fill(MANY).await;
        let store = &watched.store;
        let user = store.list_users(&by_email("7919-"), None, 1).await.unwrap()[0].id;
        let now = SystemClock.now();
        fill_sessions(&database, user, now).await;
        watched.plans().await;
        let uses = async |what: &str| {
            let plan = watched.plans().await;
            assert!(plan.contains("auth_sessions_open"), "{what}: {plan}");
            assert!(
                !plan.contains("Seq Scan on auth_sessions"),
                "{what}: {plan}"
            );
            for scan in ["SCAN auth_sessions\n", "SCAN s\n"] {
                assert!(!plan.contains(scan), "{what}: {plan}");
            }
        };
        for index in 0..3 {
            let session = NewSession {
                id: SessionId::new(now),
                user_id: user,
                credential_version: 0,
                factor_version: 0,
                kind: SessionKind::Tokens,
                digest: TokenDigest::of(&index.to_string()),
                created_at: now,
                idle_expires_at: now + Duration::from_secs(60),
                absolute_expires_at: now + Duration::from_secs(60),
                client: ClientInfo::default(),
                methods: Methods::default(),
                authenticated_at: now,
                second_factor_at: None,
                second: None,
                verified_hash: None,
                rehashed: None,
                cleared_counter: None,
                sessions_at_most: NonZeroU32::MIN,
            };
            let event = crate::support::app::created(now);
            let opened = store
                .open_session(&session, std::slice::from_ref(&event), &[])
                .await
                .unwrap();
            assert!(matches!(opened, OpenSession::Opened(_)), "{opened:?}");
            uses("open_session").await;
        }
        assert_eq!(store.sessions(user, now).await.unwrap().len(), 1);
        uses("sessions").await;
        let sql = "SELECT count(*) FROM auth_sessions WHERE revoked_reason = 'too_many_sessions'";
        let db = store.database();
        let count = sea_orm::Statement::from_string(db.get_database_backend(), sql);
        let ended = db.query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(ended.try_get_by_index::<i64>(0).unwrap(), 2);
    }
}

/// Adds as many ended sessions as there are users, and gathers the statistics.
async fn fill_sessions(database: &Database, user: UserId, now: Timestamp) {
    let store = database.store().await;
    let db = store.database();
    let backend = db.get_database_backend();
    let sql = "INSERT INTO auth_sessions (id, user_id, generation, digest, credential_version, created_at, \
            rotated_at, idle_expires_at, absolute_expires_at, revoked_at, revoked_reason) \
        SELECT id, $1, 0, $2, 0, $3, $3, $4, $4, $3, 'logout' FROM auth_users";
    let values = [
        user.as_uuid().into(),
        TokenDigest::of("ended").as_bytes().to_vec().into(),
        now.into(),
        (now + Duration::from_secs(60)).into(),
    ];
    let fill = sea_orm::Statement::from_sql_and_values(backend, sql, values);
    db.execute_raw(fill).await.unwrap();
    let analyzed = db.execute_unprepared("ANALYZE auth_sessions").await;
    analyzed.unwrap();
}

/// Gives every user an identity and a flow with a code, and gathers the statistics.
async fn fill_identities(database: &Database) {
    let store = database.store().await;
    let db = store.database();
    let digest = match db.get_database_backend() {
        DbBackend::Postgres => "CAST(substr(email || email, 1, 32) AS bytea)",
        _ => "CAST(substr(email || email, 1, 32) AS blob)",
    };
    let flows = format!(
        "INSERT INTO auth_oauth_flows (state, binding, provider, intent, redirect_to, challenge, created_at, \
            expires_at, code, code_expires_at, user_id, credential_version) \
        SELECT {digest}, {digest}, 'example', 'sign_in', '', email, created_at, created_at, {digest}, created_at, \
            id, 0 FROM auth_users"
    );
    for sql in [
        "INSERT INTO auth_identities (id, user_id, issuer, subject, provider, unproven, created_at) \
        SELECT id, id, 'https://id.example.org', email, 'example', FALSE, created_at FROM auth_users",
        &flows,
        "ANALYZE auth_identities",
        "ANALYZE auth_oauth_flows",
    ] {
        db.execute_unprepared(sql).await.unwrap();
    }
}
