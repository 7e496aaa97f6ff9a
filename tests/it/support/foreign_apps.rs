//! Authenticator apps as processes: pyotp, written in Python, and otplib, written in JavaScript.

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use hallpass::clock::Timestamp;
use serde_json::Value;

use super::skip::skip;

/// An authenticator app of others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ForeignApp {
    Otplib,
    Pyotp,
}

/// An account as an app shows it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) issuer: String,
    pub(crate) account: String,
    pub(crate) code: String,
}

impl ForeignApp {
    /// Whether this machine has the app. `HALLPASS_TEST_PYTHON` names the Python to use. With
    /// `HALLPASS_TEST_PYOTP=required` or `HALLPASS_TEST_OTPLIB=required`, a missing app is a failure.
    pub(crate) fn is_there(self) -> bool {
        let (variable, flags) = match self {
            Self::Otplib => (
                "HALLPASS_TEST_OTPLIB",
                [
                    "--input-type=module",
                    "--eval=import '@otplib/uri'; import 'otplib'",
                ],
            ),
            Self::Pyotp => ("HALLPASS_TEST_PYOTP", ["-c", "import pyotp"]),
        };
        let found = self.program().args(flags).output();
        let reason = match found {
            Ok(found) if found.status.success() => return true,
            Ok(found) => String::from_utf8_lossy(&found.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        let tests = format!("codes of {self:?}");
        skip(variable, &tests, &format!("No {self:?}: {reason}"));
        false
    }

    /// Scans the URI of an enrolment. The code is that of this time.
    pub(crate) fn scan(self, uri: &str, now: Timestamp) -> Shown {
        let mut command = self.program();
        match self {
            Self::Otplib => {
                let script = File::open(support().join("authenticator_app.mjs"));
                command.args(["--input-type=module", "-"]);
                command.stdin(script.expect("the script can be read"));
            }
            Self::Pyotp => {
                command.arg(support().join("authenticator_app.py"));
            }
        }
        let run = command.args([uri, &now.timestamp().to_string()]).output();
        let run = run.expect("the app can be run");
        let errors = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{self:?} refuses {uri}: {errors}");
        let shown: Value = serde_json::from_slice(&run.stdout).expect("an account is JSON");
        let text = |name: &str| shown[name].as_str().expect("a string").to_owned();
        Shown {
            issuer: text("issuer"),
            account: text("account"),
            code: text("code"),
        }
    }

    fn program(self) -> Command {
        match self {
            Self::Otplib => {
                let mut node = Command::new("node");
                node.current_dir(root().join("tests/authenticator"));
                node
            }
            Self::Pyotp => Command::new(
                env::var_os("HALLPASS_TEST_PYTHON").unwrap_or_else(|| "python3".into()),
            ),
        }
    }
}

fn support() -> PathBuf {
    root().join("tests/it/support")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
