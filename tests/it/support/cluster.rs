//! A throwaway Postgres server of this process, on loopback.
//!
//! Without Postgres, its tests are skipped with a message. `HALLPASS_TEST_POSTGRES=required` makes a skipped test a
//! failure.

use std::{
    env, fs,
    io::{self, Write as _},
    net::TcpStream,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    patience::{PATIENCE, block_until},
    port::free_port,
    skip::skip,
};

/// A server. It always ends with this process: see `SUPERVISOR`.
pub(crate) struct Cluster {
    port: u16,
    supervisor: Child,
}

impl Cluster {
    /// Starts a server if possible.
    pub(crate) fn start_or_skip() -> Option<Self> {
        match Self::start() {
            Ok(cluster) => Some(cluster),
            Err(error) => {
                let tests = "the Postgres half of the tests";
                let reason = format!("{error}\n*** Install Postgres, or set TEST_DATABASE_URL.");
                skip("HALLPASS_TEST_POSTGRES", tests, &reason);
                None
            }
        }
    }

    /// Starts a server with the first programs that work.
    fn start() -> Result<Self, String> {
        let mut errors = vec!["No initdb and postgres were found.".to_owned()];
        for binaries in binaries() {
            match start(&binaries) {
                Ok(cluster) => return Ok(cluster),
                Err(error) => errors.push(format!("{}: {error}", binaries.display())),
            }
        }
        Err(errors.pop().unwrap_or_default())
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops the server and all running statements. The data stays.
    pub(crate) fn stop(&mut self) {
        self.order("stop");
        self.wait_until(false);
    }

    /// Starts the server again after a stop.
    pub(crate) fn start_again(&mut self) {
        self.order("start");
        self.wait_until(true);
    }

    fn order(&mut self, order: &str) {
        let orders = self.supervisor.stdin.as_mut();
        let written = orders.map(|orders| writeln!(orders, "{order}"));
        assert!(
            matches!(written, Some(Ok(()))),
            "the supervisor takes orders"
        );
    }

    fn wait_until(&self, up: bool) {
        block_until("Postgres follows its settings", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok() == up
        });
    }
}

/// The folders that have both programs, those of PATH first.
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

/// Runs the server until its standard input closes. Only the test process holds the other end of that pipe. The server
/// and its folder are therefore removed when the process ends, even after a panic or `kill -9`.
const SUPERVISOR: &str = r#"
    trap '' INT TERM HUP
    cd "$FOLDER" || exit 1
    run() {
        "$BINARIES/postgres" -D data -h 127.0.0.1 -p "$PORT" -c unix_socket_directories= -c fsync=off \
            -c full_page_writes=off -c max_connections=500 -c shared_buffers=64MB >postgres.log 2>&1 </dev/null &
        server=$!
    }
    halt() {
        kill -INT "$server"
        wait "$server"
    }
    if "$BINARIES/initdb" --pgdata=data --username=postgres --auth=trust --no-sync --no-instructions \
        --encoding=UTF8 --locale=C >initdb.log 2>&1
    then
        run
        while read -r order; do
            case $order in
                stop) halt ;;
                start) run ;;
            esac
        done
        halt
    else
        : >failed
        while read -r _; do :; done
    fi
    cd /
    rm -rf "$FOLDER"
"#;

fn start(binaries: &Path) -> Result<Cluster, String> {
    let text = |error: io::Error| error.to_string();
    let folder = tempfile::Builder::new()
        .prefix("hallpass-postgres-")
        .tempdir()
        .map_err(text)?;
    let port = free_port();
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
        // A Ctrl-C that is meant for the tests does not reach it.
        .process_group(0);
    if let Some((user, group)) = other_user()? {
        chown(folder.path(), Some(user), Some(group)).map_err(text)?;
        command.uid(user).gid(group);
    }
    // From here on the supervisor removes the folder.
    let folder = folder.keep();
    let supervisor = command.spawn().map_err(text)?;
    let cluster = Cluster { port, supervisor };
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if folder.join("failed").exists() {
            break;
        }
        // The server logs this line when it accepts connections.
        let log = fs::read_to_string(folder.join("postgres.log")).unwrap_or_default();
        if log.contains("ready to accept connections") {
            return Ok(cluster);
        }
        if log.contains("could not bind") {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    let log = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    Err(format!("{}{}", log("initdb.log"), log("postgres.log")))
}

/// The user and group to run Postgres and PgBouncer as, because both refuse to run as root.
pub(crate) fn other_user() -> Result<Option<(u32, u32)>, String> {
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
        None => Err("It does not run as root, and there is no other user.".to_owned()),
    }
}
