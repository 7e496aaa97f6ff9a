//! Processes of the measured programs.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use hallpass::secret::Secret;
use tempfile::TempDir;

use crate::Result;

/// The beginning of the line that a ready server prints.
pub(crate) const READY: &str = "listening on http://";

/// Builds the server in the same folder as this program.
pub(crate) fn build_server() -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args(["build", "--quiet", "--package", "hallpass-server"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if cfg!(debug_assertions) {
        eprintln!("*** Not a release build: do not rely on the figures.");
    } else {
        build.arg("--profile").arg(profile()?);
    }
    if !build.status()?.success() {
        return Err("the server does not build".into());
    }
    Ok(())
}

/// The profile that this program was built with, from the path of its executable: `target/PROFILE/trials`.
fn profile() -> Result<OsString> {
    let program = env::current_exe()?;
    let folder = program.parent().and_then(Path::file_name);
    folder
        .map(OsStr::to_owned)
        .ok_or_else(|| "the profile of this program is not known".into())
}

/// Runs the program on the processors of `SERVER_CPUS`, such as `0,1`, or on the processors of the caller if the
/// variable is not set.
fn alone(program: PathBuf) -> Command {
    match env::var_os("SERVER_CPUS") {
        Some(cpus) => {
            let mut pinned = Command::new("taskset");
            pinned.arg("-c").arg(cpus).arg(program);
            pinned
        }
        None => Command::new(program),
    }
}

/// A running server, which is stopped on drop.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The time from its start until the ready line.
    pub(crate) ready: Duration,
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts the server with limits switched off.
    pub(crate) fn hallpass(folder: &Folder, database_url: &str, permits: usize) -> Result<Self> {
        let set = [("HALLPASS_RATE_LIMITS", "false")];
        Self::hallpass_with(folder, database_url, permits, set)
    }

    /// Starts the server with these settings.
    pub(crate) fn hallpass_with<'a>(
        folder: &Folder,
        database_url: &str,
        permits: usize,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        let mut server = alone(env::current_exe()?.with_file_name("hallpass"));
        server
            .arg("serve")
            .current_dir(folder.path())
            .env("DATABASE_URL", database_url)
            .env("HALLPASS_BIND", "127.0.0.1:0")
            .env("HALLPASS_SECRET", &folder.secret)
            .env("HALLPASS_HASH_PERMITS", permits.to_string())
            .envs(settings);
        Self::start(&mut server)
    }

    /// Starts this program as the baseline of a pair.
    pub(crate) fn bare<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut bare = alone(env::current_exe()?);
        bare.args(["load", "serve"])
            .args(arguments.into_iter().map(OsStr::new));
        Self::start(&mut bare)
    }

    fn start(command: &mut Command) -> Result<Self> {
        let begun = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut output = BufReader::new(stdout);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let ready = begun.elapsed();
        let Some(address) = line.trim_end().strip_prefix(READY) else {
            child.kill()?;
            child.wait()?;
            return Err(format!("a server did not start: {line}").into());
        };
        Ok(Self {
            address: address.parse()?,
            child,
            ready,
            _output: output,
        })
    }

    /// The processor time that the process has used.
    pub(crate) fn busy(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Fields 14 and 15 are in hundredths of a second. The fields are counted from the end of the name, which may
        // contain spaces.
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc")?;
        let ticks = fields.split_ascii_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap_or(0)).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Resident memory in KiB: current and peak.
    pub(crate) fn memory(&self) -> Result<(u64, u64)> {
        memory(self.child.id())
    }
}

/// The current and peak resident memory of any process, in KiB.
pub(crate) fn memory(process: u32) -> Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(value.ok_or("no such field in /proc")?.parse()?)
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("process {} was left behind: {error}", self.child.id());
        }
    }
}

/// A folder for a server to run in, with the secret that its data depends on.
pub(crate) struct Folder {
    folder: TempDir,
    secret: String,
}

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            secret: Secret::generate().expose_base64().to_string(),
        })
    }

    pub(crate) fn sqlite_url(&self) -> String {
        let file: PathBuf = self.path().join("load.db");
        format!("sqlite://{}?mode=rwc", file.display())
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}
