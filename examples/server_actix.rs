//! The user service on actix. `--help` lists the settings, the same as for `server`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to its terminal"
)]

mod common;
mod turns;

use std::{future::ready, io, net::TcpListener, thread, time::Duration};

use actix_cors::Cors;
use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_service::{ServiceFactoryExt as _, map_config};
use actix_web::{
    App, Error, HttpMessage as _,
    body::MessageBody,
    dev::{AppConfig, Server, ServiceFactory, ServiceRequest, ServiceResponse, fn_service},
    http::{ConnectionType, header},
    middleware::{Next, from_fn},
    rt::net::TcpStream,
    web,
};
use hallpass::{Auth, ClientAddress, Endpoints};

use common::{Connection, DRAIN, Settings, connections, listen, start, stop_signal};
use turns::{InTurn, Turns};

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client that has been refused may take to read why, before its connection is closed.
const MOMENT: Duration = Duration::from_secs(1);
/// The bytes of replies that are kept until they are sent.
const BUFFER: usize = 16 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read();
    let app = start(&settings).await;
    let listener = match listen(settings.bind) {
        Ok(listener) => listener.into_std()?,
        Err(error) => {
            eprintln!("error: HALLPASS_BIND: {error}");
            std::process::exit(1)
        }
    };
    let stop = stop_signal()?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = serve(listener, &app.auth, &settings)?;
    let handle = server.handle();
    tokio::spawn(async move {
        stop.await;
        handle.stop(true).await;
    });
    server.await?;
    app.finish().await;
    Ok(())
}

/// As actix's own `HttpServer`, but for the connections, which are ours.
fn serve(listener: TcpListener, auth: &Auth, settings: &Settings) -> io::Result<Server> {
    let connections = connections(settings);
    let workers = thread::available_parallelism()?.get().min(connections);
    let server = Server::build()
        .workers(workers)
        // Of each worker.
        .max_concurrent_connections(connections / workers)
        .shutdown_timeout(DRAIN.as_secs())
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let endpoints = auth.endpoints().with_docs().with_pages();
    let client_address = settings.trusted_proxies.clone();
    let origins = settings.cors_origins.clone();
    let write_timeout = settings.write_timeout;
    let server = server.listen("hallpass", listener, move || {
        let stopping = stopping.clone();
        let http = HttpService::build()
            .client_request_timeout(HEADER_TIMEOUT)
            .client_disconnect_timeout(MOMENT)
            .h1_allow_half_closed(false)
            .h1_write_buffer_size(BUFFER)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|connection: &InTurn, data| {
                data.insert(connection.turns());
            });
        let app = app(endpoints.clone(), client_address.clone(), &origins);
        let app = map_config(app, |()| AppConfig::default());
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let connection = Connection::new(stream, write_timeout);
            // actix gives up a first head by itself, with 408.
            let connection = InTurn::new(connection, HEADER_TIMEOUT + MOMENT);
            ready(Ok::<_, DispatchError>((connection, Protocol::Http1, peer)))
        })
        .and_then(http.finish(app))
    });
    Ok(server?.run())
}

fn app(
    endpoints: Endpoints,
    client_address: ClientAddress,
    origins: &[String],
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    App::new()
        .wrap(cors(origins))
        .wrap(from_fn(in_turn))
        .configure(hallpass::actix::configure(endpoints, client_address))
        .default_service(web::to(hallpass::actix::not_found))
}

/// Lets a request have its turn. actix waits without a limit for the end of a chunked body that nobody reads any more:
/// where such a request was refused, the connection is closed a moment after the answer.
async fn in_turn(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(turns) = request.conn_data::<Turns>().cloned() else {
        return next.call(request).await;
    };
    let upgrades = request.head().upgrade();
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let turn = turns.take(if chunked { None } else { length(&request) });
    let body = turn.body(request.take_payload());
    request.set_payload(body);
    let mut response = next.call(request).await?;
    let is_left_unread = chunked && !response.status().is_success();
    if is_left_unread || upgrades {
        // actix closes the connection of a request that would upgrade it, and does not say so.
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    if is_left_unread {
        turns.end_after(MOMENT);
    }
    Ok(response)
}

fn length(request: &ServiceRequest) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

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
