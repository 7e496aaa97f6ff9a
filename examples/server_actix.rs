//! The user service on actix. `--help` lists the settings, the same as for `server`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to its terminal"
)]

mod common;

use std::{
    any::Any,
    net::{Shutdown, TcpStream},
    os::fd::AsFd as _,
    sync::Arc,
    time::Duration,
};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer,
    body::MessageBody,
    dev::{Extensions, ServiceRequest, ServiceResponse},
    http::{ConnectionType, header},
    middleware::{Next, from_fn},
    web,
};

use common::{DRAIN, Settings, start, stop_signal};

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read();
    let app = start(&settings).await;
    let endpoints = app.auth.endpoints().with_docs().with_pages();
    let client_address = settings.trusted_proxies.clone();
    let origins = settings.cors_origins.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(cors(&origins))
            .wrap(from_fn(close_unfinished))
            .configure(hallpass::actix::configure(
                endpoints.clone(),
                client_address.clone(),
            ))
            .default_service(web::to(hallpass::actix::not_found))
    })
    .on_connect(keep_socket)
    .h1_allow_half_closed(false)
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

/// Remembers the socket of a connection, for [`close_unfinished`].
fn keep_socket(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
    let socket = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
    if let Some(socket) = socket {
        data.insert(Socket(Arc::new(socket.into())));
    }
}

/// actix waits without a limit for the end of a chunked body that nobody reads any more: a client could hold as many
/// connections as it likes. Where such a request was refused, the connection is closed a moment after the answer.
async fn close_unfinished(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let socket = request.request().conn_data::<Socket>().cloned();
    let mut response = next.call(request).await?;
    if let Some(Socket(socket)) = socket
        && chunked
        && !response.status().is_success()
    {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
        actix_web::rt::spawn(async move {
            actix_web::rt::time::sleep(Duration::from_secs(1)).await;
            if let Err(error) = socket.shutdown(Shutdown::Both) {
                tracing::debug!(%error, "the client was faster");
            }
        });
    }
    Ok(response)
}

#[derive(Clone)]
struct Socket(Arc<TcpStream>);

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PATCH", "DELETE"])
        .allowed_headers(["authorization", "content-type", "x-request-id"])
        .expose_headers([
            "retry-after",
            "x-request-id",
            "ratelimit",
            "ratelimit-policy",
        ])
        .max_age(3600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
