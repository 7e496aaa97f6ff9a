//! Measures the speed of the server, compared with the libraries that it builds on. The program starts everything that
//! it needs, on loopback and with throwaway databases, and stops it at the end:
//!
//! ```sh
//! cargo run --profile dist -p trials -- load me
//! ```
//!
//! `benches/README.md` describes the measurements and figures.

mod bare;
mod browser;
mod client;
mod flood;
mod limits;
mod pages;
mod people;
mod process;
mod readers;
mod trials;

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::Result;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    trial: Trial,
    /// How often the two sides of a pair take turns
    #[arg(long, global = true, default_value_t = 7)]
    rounds: u32,
    /// How long each turn lasts, in seconds
    #[arg(long, global = true, default_value_t = 2.5)]
    seconds: f64,
    /// Number of clients, each with one connection that is kept alive
    #[arg(long, global = true, default_value_t = 16)]
    clients: usize,
}

#[derive(Debug, Subcommand)]
enum Trial {
    /// GET /users/me against a bare handler that runs the same statement on the same kind of pool
    Me,
    /// GET /users/me by the cookie of a browser session against the same by access token, and GET /sign-in
    Browser,
    /// A route with the argument `CurrentUser` against a route without arguments
    Claims,
    /// POST /auth/login against the rate at which the same number of threads hash
    Login,
    /// GET /users/me and the server's memory while all clients log in, and the time that a start takes
    Storm,
    /// 10,000 logins at once, with and without limits: their replies, and the effect on others
    Flood,
    /// Decisions of the limiters, in memory and in the database, against pgbench with the same statement
    Limits,
    /// GET /admin/users among a million users, by depth and filter
    Pages,
    /// One side of a pair, as a process of its own
    #[command(hide = true)]
    Serve {
        #[command(subcommand)]
        what: bare::Serve,
    },
}

/// The setup of a trial.
#[derive(Clone, Copy, Debug)]
struct Plan {
    rounds: u32,
    turn: Duration,
    clients: usize,
}

pub(crate) fn run(arguments: Arguments) -> Result<()> {
    let plan = Plan {
        rounds: arguments.rounds.max(1),
        turn: Duration::try_from_secs_f64(arguments.seconds)?,
        clients: arguments.clients.max(1),
    };
    if let Trial::Serve { what } = arguments.trial {
        return runtime(tokio::runtime::Builder::new_multi_thread())?.block_on(bare::serve(what));
    }
    if let Trial::Limits = arguments.trial {
        return runtime(tokio::runtime::Builder::new_multi_thread())?
            .block_on(limits::limits(plan));
    }
    process::build_server()?;
    if let Trial::Flood = arguments.trial {
        // One thread would be slower than the server, so there are two. Their priority is low, so that they do not
        // delay the readers.
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        threads.worker_threads(2);
        #[cfg(target_os = "linux")]
        threads.on_thread_start(|| {
            if let Err(error) = rustix::process::nice(10) {
                eprintln!("the readers share their processors with the flood: {error}");
            }
        });
        return runtime(threads)?.block_on(flood::flood(plan));
    }
    // There is only one thread, to leave the processors to the server.
    runtime(tokio::runtime::Builder::new_current_thread())?.block_on(async {
        match arguments.trial {
            Trial::Me => trials::me(plan).await,
            Trial::Browser => browser::browser(plan).await,
            Trial::Claims => trials::claims(plan).await,
            Trial::Login => trials::login(plan).await,
            Trial::Storm => trials::storm(plan).await,
            Trial::Pages => pages::pages(plan).await,
            Trial::Flood | Trial::Limits | Trial::Serve { .. } => Ok(()),
        }
    })
}

fn runtime(mut builder: tokio::runtime::Builder) -> Result<tokio::runtime::Runtime> {
    Ok(builder.enable_all().build()?)
}
