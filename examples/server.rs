//! The user service on axum. `--help` lists the settings.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to its terminal"
)]

mod common;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hallpass::Auth;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::Service as _;
use tower_http::cors::CorsLayer;

use common::{Connection, DRAIN, Settings, connections, listen, start, stop_signal};

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request, and what is kept of replies that are not sent yet.
const BUFFER: usize = 64 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::read();
    let app = start(&settings).await;
    let listener = match listen(settings.bind) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("error: HALLPASS_BIND: {error}");
            std::process::exit(1)
        }
    };
    let stop = stop_signal()?;
    println!("listening on http://{}", listener.local_addr()?);
    let door = Door {
        listener,
        places: Arc::new(Semaphore::new(connections(&settings))),
        write_timeout: settings.write_timeout,
    };
    door.serve(&router(&app.auth, &settings), stop).await;
    app.finish().await;
    Ok(())
}

fn router(auth: &Auth, settings: &Settings) -> Router {
    let endpoints = auth.endpoints().with_docs().with_pages();
    let router = hallpass::axum::router(endpoints, settings.trusted_proxies.clone())
        .fallback(hallpass::axum::not_found);
    if settings.cors_origins.is_empty() {
        router
    } else {
        let with_cors = router.clone().layer(cors(settings));
        // The layer would answer every OPTIONS; only a preflight is its to answer.
        Router::new().fallback_service(tower::service_fn(move |request: axum::extract::Request| {
            let plain = request.method() == http::Method::OPTIONS
                && !request
                    .headers()
                    .contains_key(http::header::ACCESS_CONTROL_REQUEST_METHOD);
            let router = if plain { &router } else { &with_cors };
            router.clone().call(request)
        }))
    }
}

fn cors(settings: &Settings) -> CorsLayer {
    use http::{Method, header};

    let origins = settings
        .cors_origins
        .iter()
        .filter_map(|origin| origin.parse().ok());
    let [request_id, limit, policy] =
        ["x-request-id", "ratelimit", "ratelimit-policy"].map(header::HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            request_id.clone(),
        ])
        .expose_headers([header::RETRY_AFTER, request_id, limit, policy])
        .max_age(Duration::from_secs(3600))
}

/// Where connections come in.
struct Door {
    listener: TcpListener,
    /// For as many as may be open at once.
    places: Arc<Semaphore>,
    write_timeout: Duration,
}

impl Door {
    /// axum's own `serve` sets no timer, so that hyper's limit on slow heads would do nothing.
    async fn serve(self, router: &Router, stop: impl Future<Output = ()>) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(BUFFER);
        let open = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, peer, place) = tokio::select! {
                accepted = self.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, most likely: some come back.
                        tracing::warn!(%error, "cannot accept");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = &mut stop => break,
            };
            let io = TokioIo::new(Connection::new(stream, self.write_timeout));
            let connection = open.watch(http.serve_connection(io, service(router.clone(), peer)));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended early");
                }
                drop(place);
            });
        }
        // Nobody else is to come in.
        drop(self.listener);
        if tokio::time::timeout(DRAIN, open.shutdown()).await.is_err() {
            tracing::warn!("connections were still open; closing them");
        }
    }

    /// Connections beyond the cap wait in the kernel's queue.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        Ok((stream, peer, place))
    }
}

fn service(
    router: Router,
    peer: SocketAddr,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future: Send,
> {
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request.map(Body::new))
    })
}
