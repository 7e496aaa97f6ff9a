//! An example server, run as a process.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, OnceLock},
    thread,
    time::{Duration, Instant, SystemTime},
};

use tempfile::TempDir;

use crate::{patience::PATIENCE, port::free_port};

/// The same service on both frameworks.
pub(crate) const SERVERS: [&str; 2] = ["server", "server_actix"];

/// The programs under test.
const PROGRAMS: [&str; 7] = [
    "embed_actix",
    "embed_axum",
    "htmx",
    "oauth",
    "resource_server",
    "server",
    "server_actix",
];

/// The password of every test account.
pub(crate) const PASSWORD: &str = "a staple for a horse";

pub(crate) const SECRET: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A free address, for a server that must know its address before it starts.
pub(crate) fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}

/// The command of a server in this folder, on a free port. Fast password hashes are its only setting.
pub(crate) fn command(server: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(server));
    command
        .env_clear()
        .env("HALLPASS_BIND", "127.0.0.1:0")
        .env("HALLPASS_ARGON2", "m=8192,t=1,p=1")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A listening server. Killed on drop.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    child: Child,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the server can be run");
        let stdout = Output::of(child.stdout.take().expect("a pipe"));
        let stderr = Output::of(child.stderr.take().expect("a pipe"));
        let Some(line) = stdout.wait_for("listening on http://") else {
            child.kill().ok();
            panic!("the server did not start: {}", stderr.text());
        };
        let address = line.strip_prefix("listening on http://");
        let address = address.expect("the line says nothing else").to_owned();
        Self {
            address,
            stdout,
            stderr,
            child,
        }
    }

    /// Starts the server with its own folder and these settings.
    pub(crate) fn of(server: &str, folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start(command(server, folder).envs(settings.iter().copied()))
    }

    /// Starts the server under this `ulimit` of a shell.
    pub(crate) fn limited(limit: &str, command: &mut Command) -> Self {
        let mut shell = Command::new("sh");
        let program = command.get_program().to_owned();
        shell
            .arg("-c")
            .arg(format!("ulimit {limit} && exec \"$0\""));
        shell.arg(program).env_clear();
        for (name, value) in command.get_envs() {
            shell.envs(value.map(|value| (name, value)));
        }
        shell
            .current_dir(command.get_current_dir().expect("a folder"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self::start(&mut shell)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The peak memory of the server, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("the server runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
        peak.expect("a line about it").parse().expect("a number")
    }

    /// The number of files that the server has open.
    pub(crate) fn descriptors(&self) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.id()));
        open.expect("the server runs").count()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.expect("kill can be run").success());
    }

    /// Waits until the server has ended, and returns the exit status.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let ended = end(&mut self.child);
        ended.unwrap_or_else(|| panic!("the server does not end: {}", self.stderr.text()))
    }

    /// Stops the server, and returns its whole standard error.
    pub(crate) fn whole_log(mut self) -> String {
        self.signal("TERM");
        self.end();
        self.stderr.whole()
    }

    /// Sends `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("its end can be waited for");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs a command to its end, and returns its status and standard error.
pub(crate) fn refused(command: &mut Command) -> (ExitStatus, String) {
    let mut child = command.spawn().expect("the server can be run");
    let stderr = Output::of(child.stderr.take().expect("a pipe"));
    let Some(status) = end(&mut child) else {
        child.kill().ok();
        panic!("{command:?} does not end");
    };
    (status, stderr.whole())
}

fn end(child: &mut Child) -> Option<ExitStatus> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

/// The output of a process so far.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    is_whole: bool,
}

impl Output {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let written = Arc::new(Mutex::new(Written::default()));
        let output = Self(Arc::clone(&written));
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                written.lock().unwrap().lines.push(line);
            }
            written.lock().unwrap().is_whole = true;
        });
        output
    }

    /// The first line that contains this text.
    pub(crate) fn wait_for(&self, text: &str) -> Option<String> {
        let started = Instant::now();
        loop {
            let written = self.0.lock().unwrap();
            if let Some(line) = written.lines.iter().find(|line| line.contains(text)) {
                return Some(line.clone());
            }
            if written.is_whole || started.elapsed() > PATIENCE {
                return None;
            }
            drop(written);
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().lines.join("\n")
    }

    pub(crate) fn whole(&self) -> String {
        while !self.0.lock().unwrap().is_whole {
            thread::sleep(Duration::from_millis(5));
        }
        self.text()
    }
}

/// The path of the program. `cargo test` builds the examples beside the tests; `cargo test --test server` does not.
pub(crate) fn program(server: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let test = env::current_exe().expect("the path of this test");
        let profile = test.ancestors().nth(2).expect("target/<profile>/deps");
        let folder = profile.join("examples");
        let sources = newest(Path::new(env!("CARGO_MANIFEST_DIR")));
        let is_fresh = |server: &str| {
            let built = fs::metadata(folder.join(server)).and_then(|file| file.modified());
            built.is_ok_and(|built| built >= sources)
        };
        if !PROGRAMS.iter().all(|server| is_fresh(server)) {
            build(profile);
        }
        folder
    });
    folder.join(server)
}

fn build(profile: &Path) {
    let name = profile.file_name().expect("a profile has a name");
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo runs the tests"));
    cargo.args(["build", "--locked", "--all-features"]);
    cargo.args(PROGRAMS.iter().flat_map(|server| ["--example", server]));
    if name != "debug" {
        cargo.arg("--profile").arg(name);
    }
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.expect("cargo can be run").success());
}

/// The time at which the newest source file was changed.
fn newest(root: &Path) -> SystemTime {
    let mut folders: Vec<PathBuf> = ["src", "migration", "server", "examples"]
        .map(|name| root.join(name))
        .into();
    let mut newest = SystemTime::UNIX_EPOCH;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let entry = entry.expect("an entry");
            let about = entry.metadata().expect("its metadata");
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                newest = newest.max(about.modified().expect("a time"));
            }
        }
    }
    newest
}
