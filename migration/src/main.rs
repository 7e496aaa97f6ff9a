//! `hallpass-migration up | down [STEPS] | status`, on the database that `DATABASE_URL` names.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program writes to its terminal"
)]

use std::{env, error::Error, process::ExitCode};

use sea_orm::{ConnectOptions, Database};

const USAGE: &str = "usage: hallpass-migration up | down [STEPS] | status (DATABASE_URL names the database; \
                     `down` without STEPS reverts one migration)";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let command = match arguments.as_slice() {
        ["up"] => Command::Up,
        ["down"] => Command::Down(1),
        ["down", steps] => match steps.parse() {
            Ok(steps) => Command::Down(steps),
            Err(_) => return usage(),
        },
        ["status"] => Command::Status,
        _ => return usage(),
    };
    let Ok(url) = env::var("DATABASE_URL") else {
        eprintln!("DATABASE_URL is not set");
        return ExitCode::from(2);
    };
    match run(&command, &url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

enum Command {
    Up,
    Down(u32),
    Status,
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

fn run(command: &Command, url: &str) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(1)
            .sqlx_logging(false)
            // Without this setting, the driver sends a parameter that PgBouncer refuses.
            .map_sqlx_postgres_opts(|options| options.extra_float_digits(None));
        let db = Database::connect(options).await?;
        match *command {
            Command::Up => hallpass_migration::up(&db).await?,
            Command::Down(steps) => hallpass_migration::down(&db, Some(steps)).await?,
            Command::Status => {}
        }
        for migration in hallpass_migration::status(&db).await? {
            match migration.applied_at {
                Some(at) => println!("applied {}  {}", at.format("%F %T UTC"), migration.name),
                None => println!("pending                          {}", migration.name),
            }
        }
        db.close().await?;
        Ok(())
    })
}
