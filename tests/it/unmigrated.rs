//! A database without its migrations is reported, and the service is not ready.

use std::{sync::Arc, time::Duration};

use hallpass::{
    error::StoreError,
    seaorm::{ConnectSettings, SeaOrmStore},
    store::{Store as _, UserStore as _},
};
use hallpass_migration::{down, up};
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};

use crate::support::{
    app::{App, Framework, unhurried},
    db::{Database, TestStore},
    http::PASSWORD,
    patience::PATIENCE,
};

async fn app(store: &SeaOrmStore, framework: Framework) -> App {
    let memory = Arc::new(TestStore::memory());
    App::start(memory, framework, |builder| {
        unhurried(builder).store(store.clone())
    })
    .await
}

/// Each app has a store of its own, because connections end with the threads of their server.
#[tokio::test]
async fn a_missing_migration_is_reported_and_ends_readiness() {
    for database in Database::empty().await {
        let store = database.store().await;
        let error = store.ping().await.unwrap_err();
        assert!(matches!(error, StoreError::Schema(_)), "{error:?}");
        assert!(error.to_string().contains("migrations"), "{error}");
        for framework in [Framework::Actix, Framework::Axum] {
            let app = app(&database.store().await, framework).await;
            let ready = app.ask("GET /health/ready", "", b"").await;
            ready.problem(503, "unavailable");
            let login = app.try_login("ann@example.org", PASSWORD).await;
            login.problem(503, "unavailable");
            app.ask("GET /health/live", "", b"").await.expect(200);
        }
        store.migrate().await.unwrap();
        for framework in [Framework::Actix, Framework::Axum] {
            let app = app(&database.store().await, framework).await;
            app.ask("GET /health/ready", "", b"").await.expect(200);
            app.join("ann@example.org").await;
            app.try_login("ann@example.org", PASSWORD).await.expect(200);
            let sql = "DELETE FROM auth_users";
            store.database().execute_unprepared(sql).await.unwrap();
        }
    }
}

#[tokio::test]
async fn missing_column_is_reported_like_a_missing_table() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let sql = "ALTER TABLE auth_users DROP COLUMN display_name";
        store.database().execute_unprepared(sql).await.unwrap();
        let ann = "ann@example.org".parse().unwrap();
        let error = store.credentials(&ann).await.unwrap_err();
        assert!(matches!(error, StoreError::Schema(_)), "{error:?}");
    }
}

/// The check for readiness looks for the newest migration.
#[tokio::test]
async fn readiness_needs_the_newest_migration() {
    for database in Database::migrated().await {
        let store = database.store().await;
        store.ping().await.unwrap();
        down(store.database(), Some(1)).await.unwrap();
        let error = store.ping().await.unwrap_err();
        assert!(matches!(error, StoreError::Schema(_)), "{error:?}");
        let app_before = app(&store, Framework::Axum).await;
        let ready = app_before.ask("GET /health/ready", "", b"").await;
        ready.problem(503, "unavailable");
        up(store.database()).await.unwrap();
        store.ping().await.unwrap();
        // The migration belongs to a newer version.
        let sql = "INSERT INTO auth_migrations (name, applied_at) SELECT 'm99991231_000001_more', max(applied_at) \
                   FROM auth_migrations";
        store.database().execute_unprepared(sql).await.unwrap();
        store.ping().await.unwrap();
    }
}

/// The limit is the time to get a connection, and not the statement timeout.
#[tokio::test]
async fn readiness_does_not_wait_for_a_stalled_database() {
    for database in Database::migrated().await {
        let settings = ConnectSettings::new(database.url())
            .statement_timeout(10 * PATIENCE)
            .acquire_timeout(Duration::from_millis(500));
        let store = SeaOrmStore::connect(&settings).await.unwrap();
        store.ping().await.unwrap();
        let other = database.store_of(1).await;
        let lock = other.database().begin().await.unwrap();
        let sql = match database.name() {
            "postgres" => "LOCK TABLE auth_limits IN ACCESS EXCLUSIVE MODE",
            _ => "DELETE FROM auth_limits",
        };
        lock.execute_unprepared(sql).await.unwrap();
        let asked = tokio::time::timeout(PATIENCE, store.ping()).await;
        let error = asked.expect("an answer in time").unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        lock.rollback().await.unwrap();
        crate::support::patience::until("the server is ready again", async || {
            store.ping().await.is_ok()
        })
        .await;
    }
}
