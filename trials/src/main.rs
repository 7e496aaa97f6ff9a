//! Trials of whole processes and services, which take minutes: `load` and `timing`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program writes to its terminal"
)]

mod load;
mod timing;

// The helpers are written for tests, so a failure in them ends the program.
#[allow(dead_code, clippy::panic, reason = "shared with the tests")]
#[path = "../../tests/it/support/cluster.rs"]
mod cluster;
#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../tests/it/support/patience.rs"]
mod patience;
#[allow(clippy::expect_used, reason = "shared with the tests")]
#[path = "../../tests/it/support/plans.rs"]
mod plans;
#[allow(clippy::expect_used, clippy::panic, reason = "shared with the tests")]
#[path = "../../tests/it/support/port.rs"]
mod port;
#[allow(dead_code, clippy::expect_used, reason = "shared with the tests")]
#[path = "../../tests/it/support/postgres.rs"]
mod postgres;
#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../tests/it/support/skip.rs"]
mod skip;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Measures how fast the server is, compared with the libraries it builds on
    Load(load::Arguments),
    /// Measures whether the time of a reply reveals that an address has an account
    Timing(timing::Arguments),
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().kind {
        Kind::Load(arguments) => load::run(arguments).map(|()| ExitCode::SUCCESS),
        Kind::Timing(arguments) => Ok(timing::run(&arguments)),
    }
}
