//! Every store keeps the contract.

use std::sync::Arc;

use hallpass::{
    conformance,
    memory::MemoryLimiter,
    seaorm::{ConnectSettings, SeaOrmStore},
    store::{Limiter, Store},
};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};

use crate::support::db::{Database, stores};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_users() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        store.ping().await.unwrap();
        conformance::user::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_administrators() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::administrator::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_sessions() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::session::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_rotations() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::rotation::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_limits() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::limiter::check_all(&store.store()).await;
        conformance::limit_key::check_all(&store.store()).await;
    }
    let limiter: Arc<dyn Limiter> = Arc::new(MemoryLimiter::new());
    conformance::limiter::check_limiter(&limiter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_one_time_tokens() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::one_time_token::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_passwords() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::password::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_addresses() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::address::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_identities() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::flow::check_all(&store.store()).await;
        conformance::identity::check_all(&store.store()).await;
        conformance::takeover::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_second_factors() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::factor::check_all(&store.store()).await;
        conformance::challenge::check_all(&store.store()).await;
        conformance::device::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_notices() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::secure_account::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_the_outbox() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::outbox::check_all(&store.store()).await;
        conformance::dead_letter::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_events() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::event::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_purging() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::purge::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_checks_also_run_as_one() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::check_all(store.store()).await;
    }
}

/// No call needs a second connection or an earlier prepared statement.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_connection_with_one_prepared_statement_is_enough() {
    for database in Database::migrated().await {
        eprintln!("on {}", database.name());
        let settings = ConnectSettings::new(database.url())
            .pool_size(1)
            .statement_cache(1);
        let store = SeaOrmStore::connect(&settings).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        conformance::check_all(store).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_in_memory_is_one_database() {
    let settings = ConnectSettings::new("sqlite::memory:").pool_size(10);
    let store = SeaOrmStore::connect(&settings).await.unwrap();
    store.migrate().await.unwrap();
    conformance::check_all(Arc::new(store)).await;
}

#[tokio::test]
async fn a_wrong_url_is_not_repeated() {
    for url in [
        "postgres://ada:hunter2@localhost:port/app",
        "mysql://ada:hunter2@localhost/app",
        "hunter2",
    ] {
        let settings = ConnectSettings::new(url);
        let error = SeaOrmStore::connect(&settings).await.unwrap_err();
        assert_eq!(error.kind(), hallpass::ErrorKind::Configuration);
        let shown = format!("{error:?} {settings:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

/// SQLite would create one database for each connection, or store nothing.
#[tokio::test]
async fn a_sqlite_url_without_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let path = file.display();
    let made = format!("sqlite://{path}?mode=rwc");
    let store = SeaOrmStore::connect(&ConnectSettings::new(made)).await;
    store.unwrap().migrate().await.unwrap();
    for (url, reason) in [
        ("sqlite:".to_owned(), "must name a file"),
        ("sqlite://".to_owned(), "must name a file"),
        ("sqlite://?mode=rwc".to_owned(), "must name a file"),
        (format!("sqlite://{path}?mode=ro"), "read-only"),
        (format!("sqlite://{path}?mode=%72o"), "read-only"),
        (format!("sqlite://{path}?immutable=1"), "read-only"),
        (
            format!("sqlite://{path}?key=hunter2"),
            "unknown parameter: key",
        ),
        (format!("sqlite://{path}?mode=hunter2"), "not a SQLite URL"),
    ] {
        let settings = ConnectSettings::new(&url);
        let refused = [
            SeaOrmStore::connect(&settings).await.map(drop),
            settings.to_options().map(drop),
        ];
        for error in refused.map(|refused| refused.unwrap_err()) {
            assert_eq!(error.kind(), hallpass::ErrorKind::Configuration, "{url}");
            let shown = std::error::Error::source(&error).unwrap().to_string();
            assert!(shown.contains(reason), "{url}: {shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}

#[tokio::test]
async fn options_of_the_host_keep_our_own() {
    for database in Database::migrated().await {
        let settings = ConnectSettings::new(database.url())
            .pool_size(1)
            .map_sqlite(|options| options.pragma("cache_size", "-1234"))
            .map_postgres(|options| options.application_name("a host"));
        let own = SeaOrmStore::connect(&settings).await.unwrap();
        let of_host = sea_orm::Database::connect(settings.to_options().unwrap());
        let of_host = of_host.await.unwrap();
        let expected: &[_] = match database.name() {
            "postgres" => &[
                ("SHOW application_name", "a host"),
                ("SHOW statement_timeout", "3s"),
            ],
            _ => &[
                ("PRAGMA cache_size", "-1234"),
                ("PRAGMA journal_mode", "wal"),
                ("PRAGMA synchronous", "1"),
                ("PRAGMA busy_timeout", "2000"),
                ("PRAGMA foreign_keys", "1"),
            ],
        };
        for db in [own.database(), &of_host] {
            for (sql, expected) in expected {
                assert_eq!(setting(db, sql).await, *expected, "{sql}");
            }
        }
    }
}

/// The crate sets both of these options too.
#[tokio::test]
async fn host_has_the_last_word_about_the_options() {
    for database in Database::migrated().await {
        let settings = ConnectSettings::new(database.url())
            .pool_size(1)
            .map_sqlite(|options| options.pragma("synchronous", "FULL"))
            .map_postgres(|options| options.extra_float_digits(2));
        let own = SeaOrmStore::connect(&settings).await.unwrap();
        let of_host = sea_orm::Database::connect(settings.to_options().unwrap());
        let of_host = of_host.await.unwrap();
        let sql = match database.name() {
            "postgres" => "SHOW extra_float_digits",
            _ => "PRAGMA synchronous",
        };
        for db in [own.database(), &of_host] {
            assert_eq!(setting(db, sql).await, "2", "{sql}");
        }
    }
}

async fn setting(db: &DatabaseConnection, sql: &str) -> String {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    match row.try_get_by_index::<String>(0) {
        Ok(text) => text,
        Err(_) => row.try_get_by_index::<i64>(0).unwrap().to_string(),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_sqlite_file_is_readable_by_its_user_alone() {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a b.db");
    let url = format!(
        "sqlite://{}?mode=rwc",
        file.display().to_string().replace(' ', "%20")
    );
    let settings = ConnectSettings::new(url);
    let store = SeaOrmStore::connect(&settings).await.unwrap();
    store.migrate().await.unwrap();
    for name in ["a b.db", "a b.db-wal", "a b.db-shm"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
    store.close().await.unwrap();
    // The operator has chosen the permissions.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    SeaOrmStore::connect(&settings).await.unwrap();
    assert_eq!(mode(&file), 0o640);
}

/// Without a cache, the driver would name every statement and close none.
#[tokio::test]
async fn an_empty_statement_cache_is_refused_by_name() {
    for database in Database::migrated().await {
        let settings = ConnectSettings::new(database.url()).statement_cache(0);
        let refused = [
            SeaOrmStore::connect(&settings).await.map(drop),
            settings.to_options().map(drop),
        ];
        for error in refused.map(|refused| refused.unwrap_err()) {
            assert_eq!(error.kind(), hallpass::ErrorKind::Configuration);
            let reason = std::error::Error::source(&error).unwrap().to_string();
            assert!(reason.contains("statement_cache"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_file_is_created_only_if_the_url_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let error = SeaOrmStore::connect(&ConnectSettings::new(url)).await;
    assert_eq!(error.unwrap_err().kind(), hallpass::ErrorKind::Unavailable);
}

/// Instances that start together share a new file. The switch of the file to WAL may hold a lock for longer than one
/// attempt waits.
#[tokio::test]
async fn a_new_file_locked_by_another_process_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let mut options = sea_orm::ConnectOptions::new(&url);
    let other = sea_orm::Database::connect(options.max_connections(1).to_owned());
    let other = other.await.unwrap();
    other.execute_unprepared("BEGIN EXCLUSIVE").await.unwrap();
    let holding = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
        other.execute_unprepared("COMMIT").await.unwrap();
    });
    let store = SeaOrmStore::connect(&ConnectSettings::new(url)).await;
    store.unwrap().migrate().await.unwrap();
    holding.await.unwrap();
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_unavailable() {
    // A port that nobody listens on.
    let settings = ConnectSettings::new("postgres://127.0.0.1:1/app")
        .acquire_timeout(std::time::Duration::from_millis(300));
    let error = SeaOrmStore::connect(&settings).await.unwrap_err();
    assert_eq!(error.kind(), hallpass::ErrorKind::Unavailable);
    assert!(error.retry_after().is_some());
}

#[tokio::test]
async fn an_event_that_cannot_be_read_hides_no_other() {
    use hallpass::{
        clock::{Clock as _, SystemClock},
        event::{ClientInfo, Event, EventFilter, EventKind},
        store::EventStore as _,
    };

    for database in Database::migrated().await {
        let store = database.store().await;
        let mut made = Vec::new();
        for kind in [
            EventKind::SignedIn,
            EventKind::LoggedOut,
            EventKind::LoggedOut,
            EventKind::SignedIn,
            EventKind::SignedIn,
        ] {
            let event = Event::new(kind, SystemClock.now(), &ClientInfo::default());
            store.record_event(&event).await.unwrap();
            made.push(event.id);
        }
        let newer = "UPDATE auth_events SET type = 'of_tomorrow' WHERE type = 'logged_out'";
        store.database().execute_unprepared(newer).await.unwrap();
        for (limit, expected) in [(2, &[4, 3][..]), (3, &[4, 3, 0]), (9, &[4, 3, 0])] {
            let all = EventFilter::default();
            let events = store.list_events(&all, None, limit).await;
            let ids: Vec<_> = events.unwrap().iter().map(|event| event.id).collect();
            let expected: Vec<_> = expected.iter().map(|index| made[*index]).collect();
            assert_eq!(ids, expected, "{limit} on {}", database.name());
        }
    }
}

#[tokio::test]
async fn a_mail_that_cannot_be_read_blocks_no_other() {
    use hallpass::{
        clock::{Clock as _, SystemClock},
        mail::{Intent, LetterKind, Recipient},
        store::OutboxStore as _,
    };

    for database in Database::migrated().await {
        let store = database.store().await;
        let now = SystemClock.now();
        let order = async |address: &str| {
            let recipient = Recipient::Holder(address.parse().unwrap());
            let lifetime = std::time::Duration::from_secs(1800);
            let intent = Intent::new(LetterKind::ResetPassword, recipient, now, lifetime);
            store.enqueue(&[intent], None).await.unwrap();
        };
        order("ann@example.org").await;
        order("ben@example.org").await;
        let newer =
            "UPDATE auth_outbox SET letter = 'of_tomorrow' WHERE address = 'ann@example.org'";
        store.database().execute_unprepared(newer).await.unwrap();
        let lease = now + chrono::TimeDelta::seconds(30);
        let claimed = store.claim(now, lease, 16).await.unwrap();
        assert_eq!(claimed.unreadable.len(), 1, "on {}", database.name());
        let recipients: Vec<_> = claimed
            .intents
            .into_iter()
            .map(|claimed| claimed.intent.recipient)
            .collect();
        let ben = Recipient::Holder("ben@example.org".parse().unwrap());
        assert_eq!(recipients, [ben], "on {}", database.name());
    }
}
