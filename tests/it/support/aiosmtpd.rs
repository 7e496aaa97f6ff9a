//! aiosmtpd as a process: an independent mail server, written in Python.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{certificates::Authority, patience::PATIENCE, skip::skip};

/// This is longer than a line takes from that process to this one.
const QUIET: Duration = Duration::from_millis(200);

pub(crate) const USER: &str = "zo\u{eb}@example.org";
pub(crate) const PASSWORD: &str = "p@ss: w\u{f6}rd/%";
/// The user and the password, percent-encoded.
const LOGIN: &str = "zo%C3%AB%40example.org:p%40ss%3A%20w%C3%B6rd%2F%25";

/// The start of TLS and the login.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    StartTls,
    Tls,
}

/// A server that accepts mails from [`USER`]. Killed on drop.
pub(crate) struct Aiosmtpd {
    child: Child,
    events: Receiver<Value>,
    mode: Mode,
    port: u64,
    authority: Authority,
    _folder: TempDir,
}

impl Aiosmtpd {
    /// `None` if this machine has no Python with aiosmtpd. `HALLPASS_TEST_PYTHON` names the Python to use. With
    /// `HALLPASS_TEST_AIOSMTPD=required`, a missing aiosmtpd is a failure.
    pub(crate) fn start_or_skip(mode: Mode) -> Option<Self> {
        let python = env::var_os("HALLPASS_TEST_PYTHON").unwrap_or_else(|| "python3".into());
        let found = Command::new(&python)
            .args(["-c", "import aiosmtpd"])
            .output();
        if found.is_ok_and(|found| found.status.success()) {
            return Some(Self::start(python, mode));
        }
        let reason = format!("{} has no aiosmtpd.", python.display());
        skip(
            "HALLPASS_TEST_AIOSMTPD",
            "mails to an independent server",
            &reason,
        );
        None
    }

    fn start(python: OsString, mode: Mode) -> Self {
        let authority = Authority::new();
        let identity = authority.sign("localhost");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (certificate, key) = (
            folder.path().join("server.pem"),
            folder.path().join("key.pem"),
        );
        fs::write(&certificate, identity.certificate).expect("the folder can be written to");
        fs::write(&key, identity.key).expect("the folder can be written to");
        let (word, mechanism) = match mode {
            Mode::StartTls => ("starttls", "PLAIN"),
            Mode::Tls => ("tls", "LOGIN"),
        };
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/it/support/mail_server.py"
        );
        let mut child = Command::new(python)
            .args(["-X", "utf8", "-W", "ignore", script, word])
            .args([&certificate, &key])
            .args([mechanism, USER, PASSWORD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python can be run");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (sender, events) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("events are JSON");
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        let mut server = Self {
            child,
            events,
            mode,
            port: 0,
            authority,
            _folder: folder,
        };
        server.port = server.event()["port"].as_u64().expect("a port");
        server
    }

    pub(crate) fn url(&self) -> String {
        let port = self.port;
        match self.mode {
            Mode::StartTls => format!("smtp://{LOGIN}@localhost:{port}?tls=required"),
            Mode::Tls => format!("smtps://{LOGIN}@localhost:{port}"),
        }
    }

    /// The root certificate of the server, in PEM.
    pub(crate) fn root(&self) -> &[u8] {
        self.authority.pem().as_bytes()
    }

    /// The next event of the server.
    pub(crate) fn event(&self) -> Value {
        self.events.recv_timeout(PATIENCE).expect("an event")
    }

    /// The next event, an accepted mail.
    pub(crate) fn mail(&self) -> Value {
        let mut event = self.event();
        assert!(event["refused"].is_null(), "{event}");
        event["mail"].take()
    }

    /// Whether nothing has happened since the last event.
    pub(crate) fn is_silent(&self) -> bool {
        self.events.recv_timeout(QUIET).is_err()
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
