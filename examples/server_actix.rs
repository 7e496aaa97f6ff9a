//! The user service on actix. `--help` lists the settings, which are the same as for `server`.
#![allow(clippy::print_stderr, reason = "a program writes to its terminal")]

use hallpass_server::{Failure, Listener, Settings, arguments, start, stop_signal};

#[tokio::main]
async fn main() {
    if let Err(failure) = run().await {
        eprintln!("error: {failure}");
        std::process::exit(failure.status())
    }
}

async fn run() -> Result<(), Failure> {
    let settings: Settings = arguments()?;
    let app = start(&settings).await?;
    let listener = Listener::open(&settings)?;
    let stop = stop_signal()?;
    app.announce(&listener, &settings)?;
    hallpass_server::actix::serve(listener, app.auth(), &settings, stop).await?;
    app.finish().await;
    Ok(())
}
