//! The database stalls for longer than the request timeout. A retry does not count as theft.

use std::{sync::Arc, time::Duration};

use hallpass::{
    clock::Timestamp,
    seaorm::SeaOrmStore,
    secret::TokenDigest,
    store::{RotationStore as _, SessionStore as _},
    token::{RotateSession, Rotation},
};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, Statement, TransactionTrait as _,
};

use crate::support::{
    app::{App, Framework, created},
    db::{Database, TestStore},
    http::Tokens,
    patience,
};

const ANN: &str = "ann@example.org";

/// The exchange is written once the table is unlocked, with the time of a request that was answered with 503.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_the_database_stalled_is_not_a_theft() {
    for framework in [Framework::Actix, Framework::Axum] {
        let Some(database) = postgres().await else {
            return;
        };
        let store = database.store_of(1).await;
        let memory = Arc::new(TestStore::memory());
        let app = App::start(memory, framework, |builder| builder.store(store.clone())).await;
        let hasty = app.another(|builder| {
            let builder = builder.store(store.clone());
            builder.request_timeout(Duration::from_millis(500))
        });
        let hasty = hasty.await;
        let first = app.join(ANN).await;
        // This call prepares the statement, so that the next one blocks at execution.
        let tokens = app.refresh(&first.refresh).await.tokens();

        let other = database.store_of(1).await;
        let lock = locked(&other).await;
        let reply = hasty.refresh(&tokens.refresh).await;
        reply.problem(503, "unavailable");
        // The request timeout of the retry has passed, and nearly the whole grace period.
        app.advance(39);
        lock.rollback().await.unwrap();
        until(&other, "state = 'active'", 0).await;

        let next = app.refresh(&tokens.refresh).await.tokens();
        assert_eq!(next.session, tokens.session);
        let again = app.refresh(&tokens.refresh).await.tokens();
        assert_eq!(again.refresh, next.refresh);
        app.me(&next.access).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_exchange_is_dated_at_its_end() {
    let Some(database) = postgres().await else {
        return;
    };
    let store = database.store_of(1).await;
    let memory = Arc::new(TestStore::memory());
    let set = |builder: hallpass::AuthBuilder| builder.store(store.clone());
    let app = App::start(memory, Framework::Axum, set).await;
    let user = app.register(ANN).await["id"].as_str().unwrap().to_owned();
    let tokens = app.login(ANN).await;
    let rotate = |generation: u32, presented: &str, successor: &str| {
        let rotation = rotation(&app, &tokens, generation, presented, successor);
        let (store, event) = (store.clone(), created(app.now()));
        async move { store.rotate_session(&rotation, &event, None).await }
    };
    // The first call prepares the statement, so that the second blocks at execution.
    let first = rotate(0, &tokens.refresh, "second").await.unwrap();
    assert!(matches!(first, Rotation::Rotated(_)), "{first:?}");
    assert_eq!(rotated_at(&app, &store, &user).await, app.now());

    let other = database.store_of(1).await;
    let watch = database.store_of(1).await;
    let lock = locked(&other).await;
    let waiting = tokio::spawn(rotate(1, "second", "third"));
    until(&watch, "wait_event_type = 'Lock'", 1).await;
    lock.execute_unprepared("SELECT pg_sleep(3)").await.unwrap();
    lock.rollback().await.unwrap();
    let second = waiting.await.unwrap().unwrap();
    assert!(matches!(second, Rotation::Rotated(_)), "{second:?}");
    let age = rotated_at(&app, &store, &user).await - app.now();
    assert!(age.num_seconds() >= 2, "{age}");
}

fn rotation(
    app: &App,
    tokens: &Tokens,
    generation: u32,
    presented: &str,
    successor: &str,
) -> RotateSession {
    RotateSession {
        id: tokens.session.parse().expect("an id"),
        generation,
        presented: TokenDigest::of(presented),
        successors: vec![TokenDigest::of(successor)],
        now: app.now(),
        idle_expires_at: app.now() + Duration::from_secs(3600),
        grace: Duration::ZERO,
    }
}

async fn rotated_at(app: &App, store: &SeaOrmStore, user: &str) -> Timestamp {
    let sessions = store.sessions(user.parse().expect("an id"), app.now());
    let sessions = sessions.await.expect("the store works");
    sessions.first().expect("a session").rotated_at
}

async fn postgres() -> Option<Database> {
    let databases = Database::migrated().await;
    databases.into_iter().find(|one| one.name() == "postgres")
}

/// Blocks every other read and write of sessions while the transaction is open.
async fn locked(store: &SeaOrmStore) -> DatabaseTransaction {
    let lock = store.database().begin().await.expect("a transaction");
    let locked = lock.execute_unprepared("LOCK TABLE auth_sessions").await;
    locked.expect("the table is locked");
    lock
}

/// Waits until this many other connections are in this state.
async fn until(store: &SeaOrmStore, state: &str, wanted: i64) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND {state}"
    );
    let are_there = async || {
        let count = Statement::from_string(DbBackend::Postgres, &sql);
        let row = store.database().query_one_raw(count).await;
        let row = row.expect("the server answers").expect("a count");
        row.try_get_by_index::<i64>(0).expect("a number") == wanted
    };
    patience::until(&format!("{wanted} with {state}"), are_there).await;
}
