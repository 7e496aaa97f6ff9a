//! The program `hallpass`.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// A process that is killed when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn hallpass(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
    command.env_clear().current_dir(folder).args(arguments);
    command
}

fn answer(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    hallpass(folder.path(), arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn program_serves_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = hallpass(folder.path(), &["serve", "--bind", "127.0.0.1:0"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running(command.spawn().unwrap());
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
    let id = running.0.id().to_string();
    let told = Command::new("kill").args(["-s", "TERM", &id]).status();
    assert!(told.unwrap().success());
    assert!(running.0.wait().unwrap().success());
    assert!(folder.path().join("hallpass.secret").exists());
}

#[test]
fn setting_that_is_wrong_is_named_in_one_line() {
    for arguments in [
        ["serve", "--keep-alive", "hunter2"].as_slice(),
        &["serve", "--keep-alive=hunter2"],
    ] {
        let output = answer(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(
            text(&output.stderr),
            "error: HALLPASS_KEEP_ALIVE: expected 1 to 3600 seconds\n"
        );
    }
}

#[test]
fn help_of_the_command_lists_the_settings() {
    let help = text(&answer(&["serve", "--help"]).stdout);
    for name in ["HALLPASS_BIND", "HALLPASS_OAUTH_<NAME>_CLIENT_ID"] {
        assert!(help.contains(name), "{help}");
    }
}

#[test]
fn program_without_a_command_says_which_there_are() {
    for arguments in [[].as_slice(), &["sevre"]] {
        let output = answer(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains("serve"), "{said}");
    }
}
