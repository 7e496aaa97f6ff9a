//! Postgres for tests: the server of `TEST_DATABASE_URL`, or a throwaway one.

use std::{
    env, fs,
    hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState},
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use hallpass::seaorm::{ConnectSettings, SeaOrmStore};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, Statement, TransactionTrait as _};

use super::{cluster::Cluster, patience::PATIENCE};

/// A database of one test. Deleted on drop, unless the whole server is deleted.
pub(crate) struct PostgresDatabase {
    server: &'static Server,
    name: String,
    url: String,
}

impl PostgresDatabase {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// A database without tables, if Postgres is available.
pub(crate) async fn empty() -> Option<PostgresDatabase> {
    let server = server()?;
    Some(server.create("template0").await)
}

/// A copy of a database with the tables, if Postgres is available.
pub(crate) async fn migrated() -> Option<PostgresDatabase> {
    let server = server()?;
    let template = server.template().await;
    Some(server.create(&template).await)
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if let Ok(url) = env::var("TEST_DATABASE_URL") {
            return Some(Server::given(url));
        }
        Server::start()
    });
    server.as_ref()
}

struct Server {
    /// The URL of the database from which others are created.
    url: String,
    /// The server, if it is a throwaway one.
    cluster: Option<Cluster>,
}

impl Server {
    fn given(url: String) -> Self {
        Self { url, cluster: None }
    }

    fn start() -> Option<Self> {
        let cluster = Cluster::start_or_skip()?;
        Some(Self {
            url: cluster.url(),
            cluster: Some(cluster),
        })
    }

    async fn create(&'static self, template: &str) -> PostgresDatabase {
        let name = format!("hallpass_test_{:016x}", random());
        let admin = self.admin().await;
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        // A template cannot be copied while it has connections, including that of an autovacuum worker.
        let started = Instant::now();
        while let Err(error) = admin.execute_unprepared(&sql).await {
            let patience = started.elapsed() < PATIENCE;
            assert!(patience && is_busy(&error), "{sql}: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let url = self.url_of(&name);
        PostgresDatabase {
            server: self,
            name,
            url,
        }
    }

    /// The name of the database with the tables. It depends on the migrations. All processes and runs on one server
    /// share the database.
    async fn template(&self) -> String {
        let name = format!("hallpass_template_{:016x}", migrations());
        let admin = self.admin().await;
        let lock = admin.begin().await.expect("a transaction");
        let backend = lock.get_database_backend();
        let sql = "SELECT pg_advisory_xact_lock(7306357456639198579)";
        lock.execute_unprepared(sql).await.expect("the lock");
        let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
        let known = Statement::from_sql_and_values(backend, sql, [name.clone().into()]);
        let known = lock.query_all_raw(known).await.expect("pg_database");
        if known.is_empty() {
            let building = format!("{name}_building");
            let maker = self.admin().await;
            for sql in [
                format!("DROP DATABASE IF EXISTS {building}"),
                format!("CREATE DATABASE {building} TEMPLATE template0"),
            ] {
                maker.execute_unprepared(&sql).await.expect(&sql);
            }
            let store = connect(&self.url_of(&building)).await;
            store.migrate().await.expect("migrations run");
            let closed = store.database().clone().close().await;
            closed.expect("the pool closes");
            let sql = format!("ALTER DATABASE {building} RENAME TO {name}");
            let started = Instant::now();
            while let Err(error) = maker.execute_unprepared(&sql).await {
                let patience = started.elapsed() < PATIENCE;
                assert!(patience && is_busy(&error), "{sql}: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        lock.commit().await.expect("the lock is given back");
        name
    }

    async fn admin(&self) -> DatabaseConnection {
        connect(&self.url).await.database().clone()
    }

    /// The URL of another database on the server.
    fn url_of(&self, database: &str) -> String {
        let (base, query) = match self.url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (self.url.as_str(), String::new()),
        };
        let (server, _) = base.rsplit_once('/').expect("the URL names a database");
        format!("{server}/{database}{query}")
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        if self.server.cluster.is_some() {
            return;
        }
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropped = thread::scope(|scope| {
            let dropping = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(async {
                    let admin = self.server.admin().await;
                    admin
                        .execute_unprepared(&sql)
                        .await
                        .map_err(std::io::Error::other)
                })
            });
            dropping.join()
        });
        if !matches!(dropped, Ok(Ok(_))) {
            eprintln!("the database {} was left behind", self.name);
        }
    }
}

async fn connect(url: &str) -> SeaOrmStore {
    let settings = ConnectSettings::new(url)
        .pool_size(1)
        .acquire_timeout(PATIENCE);
    let store = SeaOrmStore::connect(&settings).await;
    store.expect("the Postgres server for tests answers")
}

/// Whether other users are accessing the source database.
fn is_busy(error: &DbErr) -> bool {
    error.to_string().contains("being accessed by other users")
}

/// A number that changes with the migrations.
fn migrations() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migration/src");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the migrations are there")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(file)
            .expect("a file can be read")
            .hash(&mut hasher);
    }
    hasher.finish()
}

fn random() -> u64 {
    // std creates random keys for every state.
    RandomState::new().hash_one(std::process::id())
}
