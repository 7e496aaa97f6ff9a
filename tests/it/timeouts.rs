//! Statements that take longer than the request timeout.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use hallpass::{
    clock::{Clock as _, SystemClock},
    seaorm::{ConnectSettings, SeaOrmStore},
    store::PurgeStore as _,
};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, TransactionTrait as _,
};

use serde_json::json;

use crate::support::{
    app::{App, Framework},
    db::{Database, TestStore},
    http::PASSWORD,
    patience::until,
};

/// A Postgres database, and separate connections for the test.
async fn postgres(databases: Vec<Database>) -> Option<(Database, DatabaseConnection)> {
    let mut databases = databases.into_iter();
    let database = databases.find(|database| database.name() == "postgres")?;
    let other = database.store_of(3).await.database().clone();
    Some((database, other))
}

async fn number(db: &impl sea_orm::ConnectionTrait, sql: &str) -> i64 {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Waits until this many database calls wait for a lock.
async fn expect_waiting(other: &DatabaseConnection, wanted: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("the callers wait", async || {
        number(other, sql).await == wanted
    })
    .await;
}

/// Otherwise the session would be rotated after its 503, and the next call would count as theft.
#[tokio::test]
async fn no_write_is_committed_after_its_503() {
    for framework in [Framework::Actix, Framework::Axum] {
        let Some((database, other)) = postgres(Database::migrated().await).await else {
            return;
        };
        let timeout = Duration::from_secs(2);
        let settings = ConnectSettings::new(database.url()).request_timeout(timeout);
        let store = SeaOrmStore::connect(&settings).await.unwrap();
        let unhurried = database.store().await;
        let joined = App::start(Arc::new(TestStore::memory()), framework, |builder| {
            builder.store(unhurried.clone())
        });
        let joined = joined.await;
        let tokens = joined.join("ann@example.org").await;
        let set =
            |builder: hallpass::AuthBuilder| builder.store(store.clone()).request_timeout(timeout);
        let app = joined.another(set).await;

        let lock = other.begin().await.unwrap();
        let sql = "LOCK TABLE auth_sessions IN ACCESS EXCLUSIVE MODE";
        lock.execute_unprepared(sql).await.unwrap();
        app.refresh(&tokens.refresh)
            .await
            .problem(503, "unavailable");
        lock.rollback().await.unwrap();
        let active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' \
                      AND datname = current_database() AND pid <> pg_backend_pid()";
        until("no work is running", async || {
            number(&other, active).await == 0
        })
        .await;

        let generation = "SELECT generation::bigint FROM auth_sessions";
        assert_eq!(number(&other, generation).await, 0);
        joined.advance(3600);
        joined.refresh(&tokens.refresh).await.expect(200);
    }
}

/// Blocks just before one of the later statements.
#[derive(Clone, Default)]
struct HoldUp(Arc<AtomicUsize>);

impl HoldUp {
    fn before(&self, nth: usize) {
        self.0.store(nth, Ordering::SeqCst);
    }

    /// Whether the statement has not been sent yet.
    fn is_ahead(&self) -> bool {
        self.0.swap(0, Ordering::SeqCst) > 0
    }

    fn pass(&self, time: Duration) {
        let countdown = |left: usize| left.checked_sub(1);
        let left = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, countdown);
        if left == Ok(1) {
            thread::sleep(time);
        }
    }
}

#[tokio::test]
async fn a_write_that_could_outlast_the_request_is_not_begun() {
    let timeout = Duration::from_secs(1);
    let databases = Database::migrated().await.into_iter();
    for (database, framework) in databases.zip([Framework::Actix, Framework::Axum]) {
        let hold_up = HoldUp::default();
        let settings = ConnectSettings::new(database.url()).request_timeout(timeout);
        let store = match framework {
            Framework::Actix => SeaOrmStore::connect(&settings).await.unwrap(),
            Framework::Axum => {
                let options = settings.to_options().unwrap();
                let of_the_host = sea_orm::Database::connect(options).await.unwrap();
                let store = SeaOrmStore::new(of_the_host).unwrap();
                store.statement_timeout(timeout * 3 / 10)
            }
        };
        let held = hold_up.clone();
        let store = store.watch(move |_| held.pass(timeout * 4 / 5));
        let unhurried = database.store().await;
        let app = App::start(Arc::new(TestStore::memory()), framework, |builder| {
            builder.store(unhurried.clone())
        });
        let app = app.await;
        let set =
            |builder: hallpass::AuthBuilder| builder.store(store.clone()).request_timeout(timeout);
        let hurried = app.another(set).await;
        let access = app.join("ann@example.org").await.access;
        let sessions = async || {
            let list = app.get("/users/me/sessions", &access).await.expect(200);
            list.json()["items"].as_array().unwrap().len()
        };

        for nth in 1.. {
            hold_up.before(nth);
            let edit = json!({ "display_name": "Ann" });
            let reply = hurried.send("PATCH /users/me", &access, edit).await;
            if hold_up.is_ahead() {
                assert!(nth > 2, "{}", database.name());
                break;
            }
            reply.problem(503, "unavailable");
            let me = app.me(&access).await.expect(200);
            assert!(me.json()["display_name"].is_null(), "{nth}");
        }
        for nth in 1.. {
            hold_up.before(nth);
            let reply = hurried.try_login("ann@example.org", PASSWORD).await;
            if hold_up.is_ahead() {
                assert!(nth > 2, "{}", database.name());
                break;
            }
            reply.problem(503, "unavailable");
            assert_eq!(sessions().await, 1, "{nth}");
        }
    }
}

#[tokio::test]
async fn a_stricter_limit_of_the_database_stays() {
    let Some((database, other)) = postgres(Database::empty().await).await else {
        return;
    };
    let database_url = database.url();
    let limit = "SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'";
    for (of_database, ours, expected) in [
        ("DEFAULT", None, 3000),
        ("'2s'", None, 2000),
        ("'1h'", None, 3000),
        ("'2s'", Some(Duration::from_millis(700)), 700),
    ] {
        let (_, name) = database_url.rsplit_once('/').unwrap();
        let name = name.split('?').next().unwrap();
        let sql = format!("ALTER DATABASE {name} SET statement_timeout = {of_database}");
        other.execute_unprepared(&sql).await.unwrap();
        let settings = ConnectSettings::new(database.url());
        let settings = match ours {
            Some(ours) => settings.statement_timeout(ours),
            None => settings,
        };
        let store = SeaOrmStore::connect(&settings).await.unwrap();
        assert_eq!(
            number(store.database(), limit).await,
            expected,
            "{of_database}"
        );
        let opened = sea_orm::Database::connect(settings.to_options().unwrap()).await;
        assert_eq!(
            number(&opened.unwrap(), limit).await,
            expected,
            "{of_database}"
        );
    }
}

#[tokio::test]
async fn migrations_wait_for_another_without_a_limit() {
    let Some((database, other)) = postgres(Database::empty().await).await else {
        return;
    };
    let settings =
        ConnectSettings::new(database.url()).statement_timeout(Duration::from_millis(100));
    let store = SeaOrmStore::connect(&settings).await.unwrap();
    let lock = other.begin().await.unwrap();
    // The key is `hallpass` in ASCII.
    let sql = "SELECT pg_advisory_xact_lock(x'68616c6c70617373'::bit(64)::bigint)";
    lock.execute_unprepared(sql).await.unwrap();
    let migrating = tokio::spawn(async move { store.migrate().await });
    expect_waiting(&other, 1).await;
    other
        .execute_unprepared("SELECT pg_sleep(0.5)")
        .await
        .unwrap();
    lock.rollback().await.unwrap();
    migrating.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_purge_has_its_own_time_limit() {
    let Some((database, other)) = postgres(Database::migrated().await).await else {
        return;
    };
    let settings =
        ConnectSettings::new(database.url()).statement_timeout(Duration::from_millis(100));
    let store = SeaOrmStore::connect(&settings).await.unwrap();
    for sql in [
        "INSERT INTO auth_events (id, type, outcome, detail, created_at) \
         VALUES ('00000000-0000-7000-8000-000000000001', 'signed_in', 'success', '{}', '1970-01-01')",
        "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql \
         AS 'BEGIN PERFORM pg_sleep(0.5); RETURN OLD; END'",
        "CREATE TRIGGER slowly BEFORE DELETE ON auth_events FOR EACH ROW EXECUTE FUNCTION slowly()",
    ] {
        other.execute_unprepared(sql).await.unwrap();
    }
    let purged = store
        .purge_events(SystemClock.now(), None, 10)
        .await
        .unwrap();
    assert_eq!(purged.deleted, 1);
}
