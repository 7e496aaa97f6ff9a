//! Connections that are left inside a transaction do not lose later writes.

use hallpass::{
    clock::{Clock as _, SystemClock},
    seaorm::{ConnectSettings, SeaOrmStore},
    store::UserStore as _,
    user::{NewUser, UserId},
};
use sea_orm::{ConnectOptions, ConnectionTrait as _};

use crate::support::{app::created, db::Database};

/// The server has an open or failed transaction that the driver does not know of.
const LEFT_OPEN: [&str; 2] = ["BEGIN", "BEGIN; SELECT * FROM no_such_table"];

#[tokio::test]
async fn write_after_a_transaction_left_open_is_kept() {
    for database in Database::migrated().await {
        for sql in LEFT_OPEN {
            let settings = ConnectSettings::new(database.url()).pool_size(1);
            let store = SeaOrmStore::connect(&settings).await.unwrap();
            ensure_writes_last(&database, &store, sql).await;
        }
    }
}

#[tokio::test]
async fn write_on_a_host_pool_with_an_open_transaction_is_kept() {
    for database in Database::migrated().await {
        for sql in LEFT_OPEN {
            let mut options = ConnectOptions::new(database.url());
            options.max_connections(1);
            let db = sea_orm::Database::connect(options).await.unwrap();
            let store = SeaOrmStore::new(db).unwrap();
            ensure_writes_last(&database, &store, sql).await;
        }
    }
}

/// Leaves the only connection in a transaction, writes, and reads on another one.
async fn ensure_writes_last(database: &Database, store: &SeaOrmStore, sql: &str) {
    // The second text fails on purpose.
    store.database().execute_unprepared(sql).await.ok();
    let user = add_user(store).await;
    let other = database.store().await;
    let is_there = other.user(user).await.unwrap().is_some();
    assert!(is_there, "{}: {sql}", database.name());
}

async fn add_user(store: &SeaOrmStore) -> UserId {
    let now = SystemClock.now();
    let id = UserId::new(now);
    let new = NewUser {
        id,
        email: format!("{id}@example.org").parse().unwrap(),
        email_verified_at: None,
        password_hash: None,
        roles: [hallpass::user::Role::USER].into_iter().collect(),
        display_name: None,
        locale: None,
        created_at: now,
    };
    store
        .insert_user(&new, &created(now), None, None)
        .await
        .unwrap();
    id
}
