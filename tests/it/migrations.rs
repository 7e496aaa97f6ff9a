//! Migrations: forward, back, concurrent, and beside a host's own.

use std::{sync::Mutex, time::Duration};

use hallpass::{
    UserId,
    clock::{Clock as _, SystemClock},
    event::{ClientInfo, Event, EventKind},
    identity::IdentityId,
    store::{EventStore as _, SessionStore as _, UserStore as _},
    token::SessionId,
};
use hallpass_migration::{down, status, up};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, TransactionTrait as _,
};
use tokio::task::JoinSet;

use crate::support::{db::Database, patience::until};

/// The number of migrations.
const ALL: usize = 19;

const TABLES: [&str; 16] = [
    "auth_challenges",
    "auth_devices",
    "auth_events",
    "auth_factors",
    "auth_identities",
    "auth_limit_keys",
    "auth_limits",
    "auth_mail_budgets",
    "auth_migrations",
    "auth_oauth_flows",
    "auth_one_time_tokens",
    "auth_outbox",
    "auth_recovery_codes",
    "auth_sessions",
    "auth_signing_keys",
    "auth_users",
];

#[tokio::test]
async fn migrations_go_forward_and_back() {
    for database in Database::empty().await {
        let store = database.store_of(1).await;
        let db = store.database();
        assert_eq!(applied(db).await, 0);
        up(db).await.unwrap();
        assert_eq!(applied(db).await, ALL);
        assert_eq!(tables(db).await, TABLES);
        up(db).await.unwrap();

        down(db, Some(1)).await.unwrap();
        assert_eq!(applied(db).await, ALL - 1);
        // Goes back to before the tenth migration, which created this table.
        down(db, Some(ALL as u32 - 10)).await.unwrap();
        assert_eq!(applied(db).await, 9);
        assert!(!tables(db).await.contains(&"auth_identities".to_owned()));
        // Goes back to before the fifth migration, which created this table.
        down(db, Some(5)).await.unwrap();
        assert_eq!(applied(db).await, 4);
        assert!(!tables(db).await.contains(&"auth_events".to_owned()));
        down(db, Some(0)).await.unwrap();
        assert_eq!(applied(db).await, 4);
        up(db).await.unwrap();
        assert_eq!(tables(db).await, TABLES);

        down(db, None).await.unwrap();
        assert_eq!(tables(db).await, ["auth_migrations"]);
        up(db).await.unwrap();
        assert_eq!(tables(db).await, TABLES);
        let names: Vec<String> = status(db)
            .await
            .unwrap()
            .into_iter()
            .map(|m| m.name)
            .collect();
        assert_eq!(names[0], "m20261122_000001_users");
        assert!(names.is_sorted());
    }
}

/// Any number of instances may start together on a fresh database, each with a pool of one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_instances_start_together() {
    for database in Database::empty().await {
        let mut instances = JoinSet::new();
        let database = std::sync::Arc::new(database);
        let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(20));
        for _ in 0..20 {
            let (database, barrier) = (database.clone(), barrier.clone());
            instances.spawn(async move {
                barrier.wait().await;
                database.store_of(1).await.migrate().await
            });
        }
        for instance in instances.join_all().await {
            instance.unwrap_or_else(|error| panic!("on {}: {error:?}", database.name()));
        }
        let store = database.store().await;
        assert_eq!(applied(store.database()).await, ALL);
    }
}

/// During a long backup, writers would queue behind a migration that waits.
#[tokio::test]
async fn a_migration_yields_to_a_long_reader_and_retries() {
    for database in Database::migrated().await {
        if database.name() != "postgres" {
            continue;
        }
        let store = database.store().await;
        let db = store.database();
        // Goes back to before the twelfth migration, which changed the table of the mails.
        down(db, Some(ALL as u32 - 11)).await.unwrap();
        let reader = db.begin().await.unwrap();
        let read = "SELECT 1 FROM auth_outbox";
        reader.execute_unprepared(read).await.unwrap();
        let migrating = tokio::spawn({
            let store = store.clone();
            async move { store.migrate().await }
        });
        let first = waiting(db).await;
        until("another attempt waits", async || waiting(db).await != first).await;
        reader.rollback().await.unwrap();
        migrating.await.unwrap().unwrap();
        assert_eq!(applied(db).await, ALL);
    }
}

/// The transaction that waits for the mail table, if there is one.
async fn waiting(db: &DatabaseConnection) -> String {
    let sql = "SELECT virtualtransaction FROM pg_locks WHERE NOT granted AND relation = 'auth_outbox'::regclass";
    let found = Mutex::new(String::new());
    until("a migration waits", async || {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let row = db.query_one_raw(statement).await.unwrap();
        let transaction = row.map(|row| row.try_get_by_index(0).unwrap());
        transaction
            .map(|text| *found.lock().unwrap() = text)
            .is_some()
    })
    .await;
    found.into_inner().unwrap()
}

#[tokio::test]
async fn the_host_keeps_its_own_history_table() {
    for database in Database::empty().await {
        let store = database.store().await;
        let db = store.database();
        db.execute_unprepared(
            "CREATE TABLE seaql_migrations (version varchar PRIMARY KEY, applied_at bigint NOT NULL)",
        )
        .await
        .unwrap();
        let sql =
            "INSERT INTO seaql_migrations VALUES ('m20200101_000001_of_the_host', 1577836800)";
        db.execute_unprepared(sql).await.unwrap();
        up(db).await.unwrap();
        down(db, None).await.unwrap();
        up(db).await.unwrap();
        assert_eq!(count(db, "SELECT count(*) FROM seaql_migrations").await, 1);
        assert_eq!(
            count(db, "SELECT count(*) FROM auth_migrations").await,
            ALL as i64
        );
    }
}

#[tokio::test]
async fn migrations_of_a_newer_version_are_left_alone() {
    for database in Database::empty().await {
        let store = database.store().await;
        let db = store.database();
        up(db).await.unwrap();
        let sql = "INSERT INTO auth_migrations SELECT 'm29990101_000001_later', applied_at FROM auth_migrations \
                   WHERE name LIKE '%_users'";
        db.execute_unprepared(sql).await.unwrap();
        up(db).await.unwrap();
        assert_eq!(applied(db).await, ALL + 1);
        assert!(down(db, Some(1)).await.is_err());
        assert_eq!(tables(db).await, TABLES);
    }
}

/// This also covers a session that an older instance opened after the migration.
#[tokio::test]
async fn older_sessions_are_authenticated_at_their_opening() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let db = store.database();
        let now = SystemClock.now();
        let (user, sessions) = (UserId::new(now), [now, now].map(SessionId::new));
        down(db, Some(1)).await.unwrap();
        let id = user.as_uuid();
        run(
            db,
            "INSERT INTO auth_users (id, email, email_canonical, roles, status, credential_version, metadata, \
                created_at, updated_at) \
            VALUES ($1, 'a@example.org', 'a@example.org', '', 'active', 0, '{}', $2, $2)",
            vec![id.into(), now.into()],
        )
        .await;
        for (index, session) in sessions.into_iter().enumerate() {
            if index == 1 {
                up(db).await.unwrap();
            }
            run(
                db,
                "INSERT INTO auth_sessions (id, user_id, generation, digest, credential_version, created_at, \
                    rotated_at, idle_expires_at, absolute_expires_at) VALUES ($1, $2, 0, $3, 0, $4, $5, $5, $5)",
                vec![
                    session.as_uuid().into(),
                    id.into(),
                    vec![0_u8; 32].into(),
                    now.into(),
                    (now + Duration::from_secs(60)).into(),
                ],
            )
            .await;
        }
        for session in sessions {
            let live = store.session_user(session, user, now).await.unwrap();
            assert_eq!(live.unwrap().authenticated_at, now, "{}", database.name());
        }
    }
}

/// The previous version marked accounts as verified by the assertion of an untrusted provider.
#[tokio::test]
async fn the_migration_verifies_no_untrusted_address() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let db = store.database();
        // The eleventh migration moved the proof to the account.
        down(db, Some(ALL as u32 - 10)).await.unwrap();
        let made = SystemClock.now();
        let (linked, later) = (
            made + Duration::from_millis(1),
            made + Duration::from_secs(60),
        );
        let mut users = Vec::new();
        for (name, verified_at, by_provider, identities, proven) in [
            ("marked", Some(made), true, &[(linked, true)][..], false),
            (
                "marked without a trail",
                Some(made),
                false,
                &[(linked, true)],
                false,
            ),
            (
                "marked, with another",
                Some(made),
                true,
                &[(linked, true), (later, false)],
                false,
            ),
            ("proven since", Some(later), true, &[(linked, true)], true),
            ("unlinked", Some(made), true, &[], false),
            (
                "unlinked, with another",
                Some(made),
                true,
                &[(later, false)],
                false,
            ),
            (
                "unlinked, proven since",
                Some(later),
                true,
                &[(later, false)],
                true,
            ),
            ("trusted", Some(made), true, &[(linked, false)], true),
            (
                "trusted, with another",
                Some(made),
                true,
                &[(linked, false), (later, false)],
                true,
            ),
            ("made at start", Some(made), false, &[], true),
            (
                "made at start, linked",
                Some(made),
                false,
                &[(later, false)],
                true,
            ),
            ("registered", Some(later), false, &[], true),
            ("never", None, false, &[(later, false)], false),
        ] {
            let user = UserId::new(made);
            let id = user.as_uuid();
            let email = format!("{id}@example.org");
            run(
                db,
                "INSERT INTO auth_users (id, email, email_canonical, email_verified_at, roles, status, \
                    credential_version, metadata, created_at, updated_at) \
                VALUES ($1, $2, $2, $3, ' user ', 'active', 0, '{}', $4, $4)",
                vec![id.into(), email.into(), verified_at.into(), made.into()],
            )
            .await;
            for (created_at, unproven) in identities {
                run(
                    db,
                    "INSERT INTO auth_identities (id, user_id, issuer, subject, provider, unproven, created_at) \
                    VALUES ($1, $2, 'https://id.example.org', $3, 'idp', $4, $5)",
                    vec![
                        IdentityId::new(*created_at).as_uuid().into(),
                        id.into(),
                        format!("{id} {created_at}").into(),
                        (*unproven).into(),
                        (*created_at).into(),
                    ],
                )
                .await;
            }
            let made_by = by_provider.then_some(("provider", "idp"));
            let event = Event::new(EventKind::AccountCreated, linked, &ClientInfo::default());
            let event = made_by
                .into_iter()
                .fold(event.of(user), |event, (name, value)| {
                    event.with(name, value)
                });
            if name != "marked without a trail" {
                store.record_event(&event).await.unwrap();
            }
            users.push((name, user, proven));
        }
        up(db).await.unwrap();
        for (name, user, proven) in users {
            let found = store.user(user).await.unwrap().unwrap();
            let is_proven = found.email_verified_at.is_some();
            assert_eq!(is_proven, proven, "{name}, on {}", database.name());
        }
        let marked = "SELECT count(*) FROM auth_identities WHERE unproven";
        assert_eq!(count(db, marked).await, 0);
    }
}

async fn run(db: &DatabaseConnection, sql: &str, values: Vec<sea_orm::Value>) {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.execute_raw(statement).await.unwrap();
}

#[tokio::test]
async fn a_rotation_changes_no_indexed_column() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let db = store.database();
        if db.get_database_backend() != DbBackend::Postgres {
            continue;
        }
        let fillfactor = "SELECT count(*) FROM pg_class \
                          WHERE relname = 'auth_sessions' AND 'fillfactor=70' = ANY (reloptions)";
        assert_eq!(count(db, fillfactor).await, 1);
        let indexed = "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
                       WHERE c.relkind = 'i' AND c.relname LIKE 'auth_sessions%' \
                       AND a.attname NOT IN ('id', 'user_id')";
        assert_eq!(count(db, indexed).await, 0);
    }
}

async fn applied(db: &DatabaseConnection) -> usize {
    let migrations = status(db).await.unwrap();
    migrations.iter().filter(|m| m.applied_at.is_some()).count()
}

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
    };
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get_by("name").unwrap())
        .collect()
}

async fn count(db: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
