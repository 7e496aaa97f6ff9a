//! SQLite files that are removed or replaced while open: the ping of the store fails.

use std::{fs, path::Path};

use hallpass::{
    error::StoreError,
    seaorm::{ConnectSettings, SeaOrmStore},
    store::Store as _,
};
use sea_orm::sqlx::Connection as _;
use tempfile::TempDir;

struct Case {
    folder: TempDir,
    store: SeaOrmStore,
}

impl Case {
    fn settings(folder: &Path) -> ConnectSettings {
        let file = folder.join("t.db");
        ConnectSettings::new(format!("sqlite://{}?mode=rwc", file.display()))
    }

    /// One store with its own pool, and one on a pool of the host.
    async fn both() -> [Self; 2] {
        let (own, host) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = SeaOrmStore::connect(&Self::settings(own.path())).await;
        let own = Self {
            folder: own,
            store: store.unwrap(),
        };
        let options = Self::settings(host.path()).to_options().unwrap();
        let db = sea_orm::Database::connect(options).await.unwrap();
        let host = Self {
            folder: host,
            store: SeaOrmStore::new(db).unwrap(),
        };
        for case in [&own, &host] {
            case.store.migrate().await.unwrap();
            case.store.ping().await.unwrap();
        }
        [own, host]
    }
}

#[tokio::test]
async fn file_that_is_removed_or_replaced_is_reported() {
    for file in ["t.db", "t.db-wal"] {
        for replaces in [false, true] {
            for case in Case::both().await {
                let path = case.folder.path().join(file);
                let kept = path.with_extension("kept");
                fs::rename(&path, &kept).unwrap();
                if replaces {
                    fs::copy(&kept, &path).unwrap();
                }
                for _ in 0..2 {
                    let lost = case.store.ping().await;
                    let reported = matches!(lost, Err(StoreError::Unavailable(_)));
                    assert!(reported, "{file}, replaced: {replaces}: {lost:?}");
                }
                // It is the same file again, with every later write.
                fs::rename(&kept, &path).unwrap();
                case.store.ping().await.unwrap();
            }
        }
    }
}

/// The last connection of a pool removes the log, and the next one creates another. No data is lost.
#[tokio::test]
async fn connections_that_open_and_close_lose_no_file() {
    for case in Case::both().await {
        let pool = case.store.database().get_sqlite_connection_pool();
        for _ in 0..3 {
            // A connection that returns to the pool is checked in a later round.
            while pool.size() > 0 {
                let connection = pool.acquire().await.unwrap();
                connection.detach().close().await.unwrap();
            }
            case.store.ping().await.unwrap();
        }
    }
}

#[tokio::test]
async fn database_in_memory_has_no_file_to_lose() {
    let store = SeaOrmStore::connect(&ConnectSettings::new("sqlite::memory:")).await;
    let store = store.unwrap();
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
}
