//! The banner on a terminal.

use std::process::Command;

use crate::{
    process::{SECRET, SERVERS, command, folder, program},
    skip::say,
};

/// Whether this machine has util-linux's `script`, which provides a terminal.
fn has_terminal() -> bool {
    let version = Command::new("script").arg("--version").output();
    let is_known = version
        .is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains("util-linux"));
    if !is_known {
        say(
            "the banner on a terminal",
            "The program `script` of util-linux is not installed.",
        );
    }
    is_known
}

/// The output of a server that is stopped when it is ready.
fn on_a_terminal(server: &str, settings: &[(&str, &str)]) -> String {
    let folder = folder();
    let program = program(server);
    let until_ready = format!(
        "'{}' & server=$!; while kill -0 $server && ! grep -q '^listening on' seen; do sleep 0.05; done; \
         kill $server; wait $server",
        program.display()
    );
    let plain = command(server, folder.path());
    let environment = plain.get_envs();
    let output = Command::new("script")
        .args([
            "--quiet",
            "--flush",
            "--return",
            "--command",
            &until_ready,
            "seen",
        ])
        .env_clear()
        .envs(environment.filter_map(|(name, value)| Some((name, value?))))
        .envs(settings.iter().copied())
        .env("PATH", "/usr/bin:/bin")
        .current_dir(folder.path())
        .output()
        .expect("script can be run");
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn banner_comes_before_the_line_for_programs() {
    if !has_terminal() {
        return;
    }
    for server in SERVERS {
        let text = on_a_terminal(server, &[]);
        let version = env!("CARGO_PKG_VERSION");
        let first = format!("Hallpass {version} on http://127.0.0.1:");
        let mut lines = text.lines().skip_while(|line| !line.starts_with(&first));
        let address = lines.next().and_then(|line| line.split(" on ").nth(1));
        let address = address.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            lines.next(),
            Some("  sign in   /sign-in     docs   /docs         console  /console")
        );
        assert_eq!(
            lines.next(),
            Some("  database  hallpass.db  mails  printed here  secret   hallpass.secret (new)")
        );
        assert_eq!(lines.next(), Some(&*format!("listening on {address}")));
    }
}

#[test]
fn banner_shows_no_credentials() {
    if !has_terminal() {
        return;
    }
    for server in SERVERS {
        let settings = [
            ("HALLPASS_BROWSER", "false"),
            ("HALLPASS_SECRET", SECRET),
            ("HALLPASS_SMTP_URL", "smtps://ann:hunter2@mail.example.org"),
        ];
        let text = on_a_terminal(server, &settings);
        assert!(
            text.contains("mail.example.org  secret  HALLPASS_SECRET"),
            "{text}"
        );
        for hidden in ["/sign-in", "hunter2", "ann", SECRET] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }
}
