//! Serving on axum.

mod framing;
mod heads;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{self, ConnectInfo, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use hallpass::Auth;
use http::{HeaderValue, StatusCode, Version, header};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::Service as _;

use self::heads::{Followed, HeadTimer, Heads};
use crate::{
    Listener, Settings,
    connection::Connection,
    cors::{Cors, Judged},
    endpoints::endpoints,
    stop::DRAIN,
};

/// How long a client may take to send the head of a request that it has begun.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request, and the largest buffer of unsent replies, in bytes.
const BUFFER: usize = 64 * 1024;

/// Serves until `stop` completes, and then gives requests in flight a few seconds to finish.
pub async fn serve(
    listener: Listener,
    auth: &Auth,
    settings: &Settings,
    stop: impl Future<Output = ()>,
) {
    let (listener, connections) = listener.into_parts();
    let door = Door {
        listener,
        places: Arc::new(Semaphore::new(connections)),
        write_timeout: settings.write_timeout,
        keep_alive: settings.keep_alive,
    };
    door.serve(&router(auth, settings), stop).await;
}

fn router(auth: &Auth, settings: &Settings) -> Router {
    let router =
        hallpass::axum::router(endpoints(auth, settings), settings.trusted_proxies.clone())
            .fallback(hallpass::axum::not_found_page(auth));
    match Cors::of(settings) {
        Some(cors) => router.layer(from_fn_with_state(cors, judged)),
        None => router,
    }
}

async fn judged(State(cors): State<Cors>, request: extract::Request, next: Next) -> Response {
    match cors.judge(request.method(), request.headers()).await {
        Judged::Preflight(headers) => headers.into_response(),
        Judged::Call(headers) => {
            let mut response = next.run(request).await;
            for (name, value) in &headers {
                response.headers_mut().append(name, value.clone());
            }
            response
        }
    }
}

/// The listening socket.
struct Door {
    listener: TcpListener,
    /// One permit for each connection that may be open.
    places: Arc<Semaphore>,
    write_timeout: Duration,
    keep_alive: Duration,
}

impl Door {
    /// Serves with hyper directly, to set a timer. axum's `serve` sets no timer, so hyper's limit on slow heads would
    /// have no effect.
    async fn serve(self, router: &Router, stop: impl Future<Output = ()>) {
        let mut http = http1::Builder::new();
        http.header_read_timeout(self.keep_alive)
            .max_buf_size(BUFFER);
        let open = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, peer, place) = tokio::select! {
                accepted = self.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Most likely, no file descriptor is free. Some will be released soon.
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = &mut stop => break,
            };
            let connection = Followed::new(Connection::new(stream, self.write_timeout));
            let heads = connection.heads();
            http.timer(HeadTimer {
                heads: heads.clone(),
                patience: HEADER_TIMEOUT,
            });
            let service = service(router.clone(), peer, heads);
            let connection = open.watch(http.serve_connection(TokioIo::new(connection), service));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended early");
                }
                drop(place);
            });
        }
        // Closes the port to new clients.
        drop(self.listener);
        if tokio::time::timeout(DRAIN, open.shutdown()).await.is_err() {
            tracing::warn!("some connections are still open; closing them");
        }
    }

    /// Connections beyond the cap wait in the kernel's queue.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        Ok((stream, peer, place))
    }
}

fn service(
    router: Router,
    peer: SocketAddr,
    heads: Heads,
) -> impl hyper::service::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
{
    service_fn(move |mut request: Request<Incoming>| {
        let is_sound = heads.next_is_clear() && names_its_host(&request);
        let mut router = router.clone();
        async move {
            if !is_sound {
                return Ok(malformed(&request));
            }
            request.extensions_mut().insert(ConnectInfo(peer));
            router.call(request.map(Body::new)).await
        }
    })
}

/// Whether the request names its host exactly once, or in HTTP/1.0 at most once (RFC 9112, section 3.2).
fn names_its_host(request: &Request<Incoming>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || hosts == 0 && request.version() != Version::HTTP_11
}

/// The answer of a server that cannot parse a request.
fn malformed(request: &Request<Incoming>) -> Response {
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("close")),
        (
            header::HeaderName::from_static("x-request-id"),
            hallpass::http::request_id(request.headers()),
        ),
    ];
    (StatusCode::BAD_REQUEST, headers).into_response()
}
