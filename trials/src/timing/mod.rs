//! Measures whether the time of a reply reveals that an address has an account. It sends pairs of requests over one
//! loopback connection to a service in this process. One request of a pair is about an address with an account, and
//! the other is about an address without one. The verdict depends on the differences in their times. The measurement
//! must also find the leak in services that have a known leak:
//!
//! ```sh
//! cargo run --release -p trials -- timing
//! ```
//!
//! The exit status is 0 if the times reveal nothing and every flaw is found. `benches/README.md` has the decision rule
//! and the figures.

mod client;
mod flawed;
mod service;
mod statistics;
mod trials;

use std::process::ExitCode;

use clap::Args;
use hallpass::{credential::HashParams, seaorm::SeaOrmStore};
use tokio::runtime::Runtime;

use self::{
    flawed::Flaw,
    statistics::Verdict,
    trials::{CONTROLS, Outcome, Plan, TRIALS, Trial},
};
use crate::{Result, postgres};

const WARM_UP: usize = 100;
/// The number of pairs in the short form.
const FEW: usize = 16;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Number of pairs to begin with
    #[arg(long, default_value_t = 400)]
    pairs: usize,
    /// Maximum number of pairs if there is no verdict before
    #[arg(long, default_value_t = 12_800)]
    most: usize,
    /// Runs only the trials whose names contain this text
    #[arg(long, default_value = "")]
    only: String,
    /// Measures too few pairs to find differences smaller than a hash: fails only if a reply differs in more than time,
    /// or if an obvious flaw is missed
    #[arg(long)]
    short: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let failures = measure(arguments);
    match failures.as_deref() {
        Ok([]) => ExitCode::SUCCESS,
        Ok(failures) => {
            println!("\nFAILED");
            for failure in failures {
                println!("{failure}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all trials, and returns the failures.
fn measure(arguments: &Arguments) -> Result<Vec<String>> {
    if cfg!(debug_assertions) {
        eprintln!("*** Not a release build: do not rely on the figures.");
    }
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("timing.db");
    let sqlite = format!("sqlite://{}?mode=rwc", file.display());
    let sqlite = runtime.block_on(service::store(&sqlite))?;
    let mut failures = Vec::new();
    let database = runtime.block_on(postgres::empty());
    if let Some(database) = &database {
        let store = runtime.block_on(service::store(database.url()))?;
        on("Postgres", &runtime, &store, arguments, &mut failures)?;
        runtime.block_on(store.database().clone().close())?;
    } else {
        println!("Postgres is not available");
    }
    on("SQLite", &runtime, &sqlite, arguments, &mut failures)?;
    Ok(failures)
}

fn on(
    name: &str,
    runtime: &Runtime,
    store: &SeaOrmStore,
    arguments: &Arguments,
    failures: &mut Vec<String>,
) -> Result<()> {
    let plan = match arguments.short {
        true => Plan {
            warm_up: FEW,
            pairs: FEW,
            most: FEW,
        },
        false => Plan {
            warm_up: WARM_UP,
            pairs: arguments.pairs.max(1),
            most: arguments.most,
        },
    };
    let hashers = [
        ("hashes as in production", HashParams::default()),
        (
            "hashes of a millisecond",
            HashParams::danger_weak(2048, 1, 1)?,
        ),
    ];
    for (hasher, params) in hashers {
        println!("\n{name}, {hasher}");
        let is_weak = params != HashParams::default();
        let asked = TRIALS.map(|trial| (None, trial));
        let controls = CONTROLS.map(|(flaw, trial)| (Some(flaw), trial));
        for (flaw, trial) in asked.into_iter().chain(controls) {
            // A trial without hashing gives the same result with either hasher, so it runs once.
            let is_next = trial.hashes || is_weak;
            if !is_next || !trial.name.contains(&arguments.only) {
                continue;
            }
            let outcome = trials::run(runtime, store, params, (flaw, trial), plan)?;
            let line = line(flaw, trial, &outcome);
            println!("{line}");
            let is_fine = match arguments.short {
                true => is_as_wanted_of_few(flaw, &outcome, trial.hashes && !is_weak),
                false => is_as_wanted(flaw, &outcome),
            };
            if !is_fine {
                failures.push(format!("{name}, {hasher}: {line}"));
                failures.extend(outcome.difference.into_iter().flatten());
            }
        }
    }
    Ok(())
}

fn is_as_wanted(flaw: Option<Flaw>, outcome: &Outcome) -> bool {
    match flaw {
        None => outcome.is_alike(),
        Some(_) => outcome.is_different(),
    }
}

/// Whether the outcome is as expected, as far as a few pairs on a busy machine can show it.
fn is_as_wanted_of_few(flaw: Option<Flaw>, outcome: &Outcome, hashes: bool) -> bool {
    match flaw {
        None => outcome.difference.is_none(),
        Some(Flaw::NoDummyHash | Flaw::UndeclaredParams) => !hashes || outcome.is_different(),
        Some(Flaw::NoDummyOrder) => true,
        Some(Flaw::RevealedLock) => outcome.difference.is_some(),
    }
}

fn line(flaw: Option<Flaw>, trial: Trial, outcome: &Outcome) -> String {
    let name = match flaw {
        None => trial.name.to_owned(),
        Some(flaw) => format!("{}, {flaw:?}", trial.name),
    };
    let verdict = match (&outcome.difference, outcome.finding.verdict()) {
        (Some(_), _) => "distinguished by the reply",
        (None, Verdict::Alike) => "alike",
        (None, Verdict::Different) => "distinguished by time",
        (None, Verdict::Undecided) => "undecided",
    };
    let finding = &outcome.finding;
    format!(
        "{name:45} {:7.2} ms, differs by {:+.3} ms ({:+.3} to {:+.3}), {} pairs: {verdict}",
        millis(outcome.median),
        millis(finding.median),
        millis(finding.low),
        millis(finding.high),
        finding.pairs,
    )
}

fn millis(nanos: i64) -> f64 {
    nanos as f64 / 1e6
}
