//! Serving on actix.

mod head;
mod turns;

use std::{future::ready, io, net::TcpListener, thread, time::Duration};

use actix_http::{HttpService, KeepAlive, Protocol, error::DispatchError};
use actix_service::{ServiceFactoryExt as _, map_config};
use actix_web::{
    App, Error, HttpMessage as _, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{AppConfig, Server, ServiceFactory, ServiceRequest, ServiceResponse, fn_service},
    error::{ErrorBadRequest, ErrorInternalServerError},
    http::{
        ConnectionType,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::{Next, from_fn},
    rt::net::TcpStream,
    web,
};
use hallpass::{Auth, ClientAddress, endpoints::Endpoints};

use self::turns::{InTurn, Patience, Turns};
use crate::{
    Listener, Settings,
    connection::Connection,
    cors::{Cors, Judged},
    endpoints,
    stop::DRAIN,
};

/// How long a client may take to send the head of a request that it has begun.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection stays open after a refusal, so that the client can read the reason.
const MOMENT: Duration = Duration::from_secs(1);
/// The size of the buffer of unsent replies, in bytes.
const BUFFER: usize = 16 * 1024;
/// The maximum number of bytes that are read of a chunked body while its request is answered: 16 MiB that are
/// discarded, and 3 MiB of framing. If the body is left unread, some more bytes are read after the answer.
const MAX_CHUNKED: u64 = 19 * 1024 * 1024;

/// Serves until `stop` completes, and then gives requests in flight a few seconds to finish.
///
/// # Errors
/// If no worker can be started.
pub async fn serve(
    listener: Listener,
    auth: &Auth,
    settings: &Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (listener, connections) = listener.into_parts();
    let server = server(listener.into_std()?, connections, auth, settings)?;
    let handle = server.handle();
    tokio::spawn(async move {
        stop.await;
        handle.stop(true).await;
    });
    server.await
}

/// Like actix's own `HttpServer`, but with the type of connection in this crate.
fn server(
    listener: TcpListener,
    connections: usize,
    auth: &Auth,
    settings: &Settings,
) -> io::Result<Server> {
    let workers = thread::available_parallelism()?.get().min(connections);
    let server = Server::build()
        .workers(workers)
        // This limit applies to each worker.
        .max_concurrent_connections(connections / workers)
        .shutdown_timeout(DRAIN.as_secs())
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let endpoints = endpoints::endpoints(auth, settings);
    let auth = auth.clone();
    let client_address = settings.trusted_proxies.clone();
    let cors = Cors::of(settings);
    let write_timeout = settings.write_timeout;
    let patience = Patience {
        idle: settings.keep_alive,
        begun: HEADER_TIMEOUT,
    };
    let server = server.listen("hallpass", listener, move || {
        let stopping = stopping.clone();
        let http = HttpService::build()
            // `InTurn` enforces both timeouts.
            .client_request_timeout(Duration::ZERO)
            .keep_alive(KeepAlive::Os)
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
        let app = map_config(
            app(
                &auth,
                endpoints.clone(),
                client_address.clone(),
                cors.clone(),
            ),
            |()| AppConfig::default(),
        );
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let connection = InTurn::new(Connection::new(stream, write_timeout), patience);
            ready(Ok::<_, DispatchError>((connection, Protocol::Http1, peer)))
        })
        .and_then(http.finish(app))
    });
    Ok(server?.run())
}

fn app(
    auth: &Auth,
    endpoints: Endpoints,
    client_address: ClientAddress,
    cors: Option<Cors>,
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
        .wrap(from_fn(move |request, next| {
            judged(cors.clone(), request, next)
        }))
        .wrap(from_fn(in_turn))
        .configure(hallpass::actix::configure(endpoints, client_address))
        .default_service(web::to(hallpass::actix::not_found_page(auth)))
}

/// Passes a request to the service when its turn begins. If no handler reads a chunked body to its end, actix would
/// wait for the end without a time limit. The connection is therefore closed a moment after the answer.
async fn in_turn(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(turns) = request.conn_data::<Turns>().cloned() else {
        return next.call(request).await;
    };
    let upgrades = request.head().upgrade();
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let turn = turns.take(if chunked {
        MAX_CHUNKED
    } else {
        length(&request).unwrap_or_default()
    });
    let body = turn.body(request.take_payload());
    request.set_payload(body);
    let mut response = next.call(request).await?;
    let is_left_unread = chunked && turn.has_body();
    if is_left_unread || upgrades {
        // If a request asks for an upgrade, actix closes the connection after the answer without announcing it.
        response
            .response_mut()
            .head_mut()
            .set_connection_type(ConnectionType::Close);
    }
    if is_left_unread {
        turns.end_after(MOMENT);
    }
    Ok(response)
}

fn length(request: &ServiceRequest) -> Option<u64> {
    request
        .headers()
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

async fn judged(
    cors: Option<Cors>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let Some(cors) = cors else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let (method, headers) = head(request.request()).map_err(ErrorBadRequest)?;
    let (headers, mut response) = match cors.judge(&method, &headers).await {
        Judged::Preflight(headers) => {
            let response = request.into_response(HttpResponse::Ok().finish());
            (headers, response.map_into_right_body())
        }
        Judged::Call(headers) => (headers, next.call(request).await?.map_into_left_body()),
    };
    for (name, value) in &headers {
        let name = HeaderName::from_bytes(name.as_ref()).map_err(ErrorInternalServerError)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(ErrorInternalServerError)?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// Converts the head, because actix uses version 0.2 of `http`.
fn head(request: &HttpRequest) -> Result<(http::Method, http::HeaderMap), http::Error> {
    let mut headers = http::HeaderMap::new();
    for (name, value) in request.headers() {
        let name = http::HeaderName::from_bytes(name.as_ref())?;
        headers.append(name, http::HeaderValue::from_bytes(value.as_bytes())?);
    }
    let method = http::Method::from_bytes(request.method().as_str().as_bytes())?;
    Ok((method, headers))
}
