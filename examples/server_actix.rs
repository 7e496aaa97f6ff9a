//! The user service on actix. `--help` lists the settings, the same as for `server`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to its terminal"
)]

mod common;

use std::time::Duration;

use actix_cors::Cors;
use actix_web::{App, HttpServer, http::header, web};

use common::{DRAIN, Settings, start, stop_signal};

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read();
    let app = start(&settings).await;
    let endpoints = app.auth.endpoints().with_docs();
    let origins = settings.cors_origins.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(cors(&origins))
            .configure(hallpass::actix::configure(endpoints.clone()))
            .default_service(web::to(hallpass::actix::not_found))
    })
    .client_request_timeout(HEADER_TIMEOUT)
    .client_disconnect_timeout(Duration::from_secs(1))
    .shutdown_timeout(DRAIN.as_secs())
    .disable_signals()
    .bind(settings.bind);
    let server = match server {
        Ok(server) => server,
        Err(error) => {
            eprintln!("error: HALLPASS_BIND: {error}");
            std::process::exit(1)
        }
    };
    let stop = stop_signal()?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(async move {
        stop.await;
        handle.stop(true).await;
    });
    server.await?;
    app.finish().await;
    Ok(())
}

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PATCH", "DELETE"])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers(["retry-after", "x-request-id"])
        .max_age(3600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
