//! The reason why a server does not start.

use std::{fmt, io};

/// The exit status of the program, and a one-line message that names the cause.
#[derive(Debug)]
pub struct Failure {
    line: String,
    status: i32,
}

impl Failure {
    /// The failure of a setting that is invalid on its own.
    pub(crate) fn of_setting(line: String) -> Self {
        Self { line, status: 2 }
    }

    /// The failure of a server that cannot run with its configuration.
    pub(crate) fn of_start(line: String) -> Self {
        Self { line, status: 1 }
    }

    /// The exit status: 2 if a setting is invalid on its own, otherwise 1.
    pub fn status(&self) -> i32 {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.line)
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::of_start(error.to_string())
    }
}

/// The last error of the chain, which is the exact cause.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string().replace('\n', " ")
}
