//! oidc-provider as a process: a certified OpenID Connect provider, written in JavaScript.

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::skip::skip;

/// The client id and secret of the service.
pub(crate) const CLIENT_ID: &str = "hallpass";
pub(crate) const CLIENT_SECRET: &str = "a secret of the tests";

/// A provider on loopback with the accounts of `tests/provider/server.mjs`. Killed on drop.
pub(crate) struct OidcProvider {
    pub(crate) issuer: String,
    child: Child,
}

impl OidcProvider {
    /// Whether the provider is installed. With `HALLPASS_TEST_OIDC_PROVIDER=required`, a missing one is a failure.
    pub(crate) fn is_there() -> bool {
        let found = Command::new("node")
            .args(["--input-type=module", "--eval"])
            .arg("import 'oidc-provider'; URL.parse('http://localhost')")
            .current_dir(folder())
            .output();
        let reason = match found {
            Ok(found) if found.status.success() => return true,
            Ok(found) => format!(
                "No oidc-provider: {}",
                String::from_utf8_lossy(&found.stderr)
            ),
            Err(error) => format!("No Node.js: {error}"),
        };
        let tests = "sign-in with a certified provider";
        skip("HALLPASS_TEST_OIDC_PROVIDER", tests, &reason);
        false
    }

    /// Starts the provider on a free port, for services with these callbacks.
    pub(crate) fn start(callbacks: &[String]) -> Self {
        Self::start_on("0", callbacks)
    }

    pub(crate) fn start_on(port: &str, callbacks: &[String]) -> Self {
        // The provider ends when its standard input closes, so it ends even if this process is killed.
        let mut child = Command::new("node")
            .args(["server.mjs", port])
            .args(callbacks)
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Node.js can be run");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = lines.next().expect("it starts").expect("text");
        let issuer = line.strip_prefix("issuer ");
        let issuer = issuer.expect("it prints its address").to_owned();
        Self { issuer, child }
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/provider")
}
