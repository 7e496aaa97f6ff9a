//! Databases for tests: each test gets its own.

use std::{ops::Deref, sync::Arc};

use hallpass::{
    memory::MemoryStore,
    seaorm::{ConnectSettings, SeaOrmStore},
    store::Store,
};
use tempfile::TempDir;

use super::{
    patience::PATIENCE,
    postgres::{self, PostgresDatabase},
};

/// A store of one test and its database, which are dropped together.
pub(crate) struct TestStore {
    pub(crate) name: &'static str,
    store: Arc<dyn Store>,
    _database: Option<Database>,
}

impl TestStore {
    pub(crate) fn memory() -> Self {
        Self {
            name: "memory",
            store: Arc::new(MemoryStore::new()),
            _database: None,
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}

impl Deref for TestStore {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

/// An empty store of each kind: memory, SQLite, and Postgres if available.
pub(crate) async fn stores() -> Vec<TestStore> {
    let mut stores = vec![TestStore::memory()];
    for database in Database::migrated().await {
        stores.push(TestStore {
            name: database.name(),
            store: Arc::new(database.store().await),
            _database: Some(database),
        });
    }
    stores
}

/// A database of one test. Deleted on drop.
pub(crate) enum Database {
    Postgres(PostgresDatabase),
    Sqlite(TempDir),
}

impl Database {
    /// A database of each kind, without tables.
    pub(crate) async fn empty() -> Vec<Self> {
        let postgres = postgres::empty().await.map(Self::Postgres);
        [Some(Self::sqlite()), postgres]
            .into_iter()
            .flatten()
            .collect()
    }

    /// A database of each kind, with the tables.
    pub(crate) async fn migrated() -> Vec<Self> {
        let sqlite = Self::sqlite();
        sqlite
            .store()
            .await
            .migrate()
            .await
            .expect("migrations run");
        let postgres = postgres::migrated().await.map(Self::Postgres);
        [Some(sqlite), postgres].into_iter().flatten().collect()
    }

    fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Sqlite(_) => "sqlite",
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Postgres(database) => database.url().to_owned(),
            Self::Sqlite(folder) => {
                let file = folder.path().join("test.db");
                format!("sqlite://{}?mode=rwc", file.display())
            }
        }
    }

    /// A store with a pool of ten connections.
    pub(crate) async fn store(&self) -> SeaOrmStore {
        self.store_of(10).await
    }

    pub(crate) async fn store_of(&self, pool_size: u32) -> SeaOrmStore {
        let settings = ConnectSettings::new(self.url())
            .pool_size(pool_size)
            .acquire_timeout(PATIENCE)
            .statement_timeout(PATIENCE);
        let store = SeaOrmStore::connect(&settings).await;
        store.expect("the test database can be opened")
    }
}
