//! Postgres for tests: the server that `TEST_DATABASE_URL` names, or a throwaway one of this process, on loopback.
//!
//! Without either, the Postgres half of the tests is skipped, loudly; `HALLPASS_TEST_POSTGRES=required` makes that a
//! failure.

use std::{
    env, fs,
    hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState},
    io::Write as _,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use hallpass::seaorm::{ConnectSettings, SeaOrmStore};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, Statement, TransactionTrait as _};

/// A database of one test. Dropped with this, unless the whole server is thrown away.
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

/// A database without tables, if there is a server.
pub(crate) async fn empty() -> Option<PostgresDatabase> {
    let server = server()?;
    Some(server.create("template0").await)
}

/// A copy of a database with the tables, if there is a server.
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
        let started = Server::start();
        let required = env::var("HALLPASS_TEST_POSTGRES").is_ok_and(|value| value == "required");
        match started {
            Ok(server) => Some(server),
            Err(error) if required => panic!("Postgres is required, and there is none: {error}"),
            Err(error) => {
                // Past the test harness, which shows what a passing test prints to nobody.
                let text = format!(
                    "\n*** SKIPPED: the Postgres half of the tests. {error}\n\
                     *** Install Postgres, or set TEST_DATABASE_URL.\n\n"
                );
                std::io::stderr().write_all(text.as_bytes()).ok();
                None
            }
        }
    });
    server.as_ref()
}

struct Server {
    /// The database that is connected to for making others.
    url: String,
    /// Ends the server when this process ends, however it ends: see `SUPERVISOR`.
    supervisor: Option<Child>,
}

impl Server {
    fn given(url: String) -> Self {
        Self {
            url,
            supervisor: None,
        }
    }

    fn start() -> Result<Self, String> {
        let mut errors = vec!["No initdb and postgres were found.".to_owned()];
        for binaries in binaries() {
            match start(&binaries) {
                Ok(server) => return Ok(server),
                Err(error) => errors.push(format!("{}: {error}", binaries.display())),
            }
        }
        Err(errors.pop().unwrap_or_default())
    }

    async fn create(&'static self, template: &str) -> PostgresDatabase {
        let name = format!("hallpass_test_{:016x}", random());
        let admin = self.admin().await;
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        // A template cannot be copied while anyone looks at it, an autovacuum worker included.
        let started = Instant::now();
        while let Err(error) = admin.execute_unprepared(&sql).await {
            let patience = started.elapsed() < Duration::from_secs(30);
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

    /// The name of the database with the tables. Processes that share a server share it, and it stays for the next
    /// run; other migrations have another name.
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
                let patience = started.elapsed() < Duration::from_secs(30);
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

    /// The URL with another database in it.
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
        if self.server.supervisor.is_some() {
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
    let settings = ConnectSettings::new(url).pool_size(1);
    let store = SeaOrmStore::connect(&settings).await;
    store.expect("the Postgres server for tests answers")
}

/// The source database is being accessed by other users.
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
    // Std's own: keys that are random for every state.
    RandomState::new().hash_one(std::process::id())
}

/// Folders with both programs, PATH first.
fn binaries() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let mut debian: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    debian.sort();
    folders.extend(debian.into_iter().rev());
    let mut found: Vec<PathBuf> = folders
        .into_iter()
        .filter(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .filter_map(|folder| fs::canonicalize(folder.join("postgres")).ok())
        .filter_map(|postgres| Some(postgres.parent()?.to_owned()))
        .collect();
    found.dedup();
    found
}

/// Runs the server until its standard input closes. The other end of that pipe is held by the test process alone, so
/// that the server goes and its folder with it whenever that process goes: at its end, at a panic, at `kill -9`.
const SUPERVISOR: &str = r#"
    trap '' INT TERM HUP
    cd "$FOLDER" || exit 1
    if "$BINARIES/initdb" --pgdata=data --username=postgres --auth=trust --no-sync --no-instructions \
        --encoding=UTF8 --locale=C >initdb.log 2>&1
    then
        "$BINARIES/postgres" -D data -h 127.0.0.1 -p "$PORT" -c unix_socket_directories= -c fsync=off \
            -c full_page_writes=off -c max_connections=500 -c shared_buffers=64MB >postgres.log 2>&1 </dev/null &
        server=$!
        : >started
        while read -r _; do :; done
        kill -INT "$server"
        wait "$server"
    else
        : >failed
        while read -r _; do :; done
    fi
    cd /
    rm -rf "$FOLDER"
"#;

fn start(binaries: &Path) -> Result<Server, String> {
    let text = |error: std::io::Error| error.to_string();
    let folder = tempfile::Builder::new()
        .prefix("hallpass-postgres-")
        .tempdir()
        .map_err(text)?;
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(text)?
        .port();
    let mut command = Command::new("sh");
    command
        .args(["-c", SUPERVISOR])
        .env("FOLDER", folder.path())
        .env("BINARIES", binaries)
        .env("PORT", port.to_string())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Out of reach of a Ctrl-C that is meant for the tests.
        .process_group(0);
    if let Some((user, group)) = other_user()? {
        chown(folder.path(), Some(user), Some(group)).map_err(text)?;
        command.uid(user).gid(group);
    }
    // From here on the supervisor removes the folder.
    let folder = folder.keep();
    let supervisor = command.spawn().map_err(text)?;
    let server = Server {
        url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        supervisor: Some(supervisor),
    };
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        if folder.join("failed").exists() {
            break;
        }
        // The server writes this line when it takes connections.
        let log = fs::read_to_string(folder.join("postgres.log")).unwrap_or_default();
        if log.contains("ready to accept connections") {
            return Ok(server);
        }
        if log.contains("could not bind") {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    let log = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    Err(format!("{}{}", log("initdb.log"), log("postgres.log")))
}

/// Postgres refuses to be run by root: the user and group to run it as.
fn other_user() -> Result<Option<(u32, u32)>, String> {
    let id = Command::new("id").arg("-u").output();
    let id = id.map_err(|error| error.to_string())?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
    let find = |wanted: &str| {
        users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields.as_slice() {
                [name, _, user, group, ..] if *name == wanted => {
                    Some((user.parse().ok()?, group.parse().ok()?))
                }
                _ => None,
            }
        })
    };
    match find("postgres").or_else(|| find("nobody")) {
        Some(user) => Ok(Some(user)),
        None => Err("Postgres does not run as root, and there is no other user.".to_owned()),
    }
}
