//! `hallpass serve`: the user service on axum. `hallpass serve --help` lists the settings.
#![allow(clippy::print_stderr, reason = "a program writes to its terminal")]

use clap::{Parser, Subcommand};
use hallpass_server::{Failure, Listener, Settings, arguments, start, stop_signal};

/// A user service: registration, login, tokens, password reset.
#[derive(Debug, Parser)]
#[command(name = "hallpass", version)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until a signal stops it
    Serve(Settings),
}

#[tokio::main]
async fn main() {
    if let Err(failure) = run().await {
        eprintln!("error: {failure}");
        std::process::exit(failure.status())
    }
}

async fn run() -> Result<(), Failure> {
    let program: Program = arguments()?;
    match program.command {
        Command::Serve(settings) => serve(&settings).await,
    }
}

async fn serve(settings: &Settings) -> Result<(), Failure> {
    let app = start(settings).await?;
    let listener = Listener::open(settings)?;
    let stop = stop_signal()?;
    app.announce(&listener, settings)?;
    hallpass_server::axum::serve(listener, app.auth(), settings, stop).await;
    app.finish().await;
    Ok(())
}
