//! A throwaway PgBouncer in front of a Postgres server of the tests, on loopback.
//!
//! Without PgBouncer, its tests are skipped with a message. `HALLPASS_TEST_PGBOUNCER=required` makes a skipped test a
//! failure.

use std::{
    env, fs,
    net::TcpStream,
    os::unix::{fs::chown, process::CommandExt as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::{
    cluster::{Cluster, other_user},
    patience::block_until,
    port::free_port,
    skip::{say, skip},
};

/// A pooler. It always ends with this process.
pub(crate) struct PgBouncer {
    port: u16,
    supervisor: Child,
}

/// Runs the pooler until its standard input closes, like the supervisor of Postgres.
const SUPERVISOR: &str = r#"
    trap '' INT TERM HUP
    cd "$FOLDER" || exit 1
    "$PROGRAM" pgbouncer.ini >pgbouncer.log 2>&1 </dev/null &
    while read -r _; do :; done
    kill -KILL $!
    wait
    cd /
    rm -rf "$FOLDER"
"#;

impl PgBouncer {
    /// Whether PgBouncer is available. If not, reports a skipped test.
    pub(crate) fn is_there() -> bool {
        let is_there = program().is_some();
        if !is_there {
            let reason = "No pgbouncer was found.";
            skip(
                "HALLPASS_TEST_PGBOUNCER",
                "the tests behind a pooler",
                reason,
            );
        }
        is_there
    }

    /// Whether PgBouncer supports prepared statements in transaction mode. If not, reports a skipped test. The version
    /// of Debian 12 is sufficient only for the other tests.
    pub(crate) fn keeps_statements_apart() -> bool {
        let program = program().expect("it is present");
        let version = Command::new(program).arg("--version").output();
        let version = String::from_utf8(version.expect("it can be run").stdout).unwrap();
        let version = version
            .split_whitespace()
            .nth(1)
            .expect("PgBouncer and a number");
        let mut numbers = version
            .split('.')
            .map(|number| number.parse::<u32>().unwrap());
        let keeps = (numbers.next(), numbers.next()) >= (Some(1), Some(21));
        if !keeps {
            let reason = format!("PgBouncer {version} is too old.");
            say("a pooler that keeps statements apart", &reason);
        }
        keeps
    }

    /// Starts PgBouncer in this mode, with this many server connections and these settings.
    pub(crate) fn start(cluster: &Cluster, mode: &str, connections: u32, more: &str) -> Self {
        let port = free_port();
        let folder = tempfile::Builder::new()
            .prefix("hallpass-pgbouncer-")
            .tempdir()
            .expect("a temporary folder");
        let settings = format!(
            "[databases]\n\
             * = host=127.0.0.1 port={}\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = trust\n\
             auth_file = users.txt\n\
             pool_mode = {mode}\n\
             default_pool_size = {connections}\n\
             {more}\n",
            cluster.port()
        );
        fs::write(folder.path().join("pgbouncer.ini"), settings).expect("a file");
        fs::write(folder.path().join("users.txt"), "\"postgres\" \"\"\n").expect("a file");
        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR])
            .env("FOLDER", folder.path())
            .env("PROGRAM", program().expect("it is present"))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C that is meant for the tests does not reach it.
            .process_group(0);
        if let Some((user, group)) = other_user().expect("a user that is not root") {
            chown(folder.path(), Some(user), Some(group)).expect("a folder of that user");
            command.uid(user).gid(group);
        }
        // From here on the supervisor removes the folder.
        drop(folder.keep());
        let supervisor = command.spawn().expect("a shell");
        block_until("PgBouncer listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { port, supervisor }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        self.supervisor.wait().ok();
    }
}

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian has the program here, which may be missing in PATH.
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.exists())
}
