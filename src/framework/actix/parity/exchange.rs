//! Requests and replies on both frameworks.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use ::axum::{Router, extract::State, routing::get};
use actix_web::{App, HttpServer, dev::ServerHandle, web};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

use crate::http::{ClientAddress, sample};

/// The sample contract on both frameworks, at the root and under a prefix, alongside the host's routes.
pub(super) struct Servers {
    axum: SocketAddr,
    axum_task: JoinHandle<()>,
    actix: SocketAddr,
    actix_handle: ServerHandle,
}

/// A reply without the headers that each server writes itself.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, Vec<String>>,
    pub(super) body: Vec<u8>,
    length: Length,
}

/// A server may omit the length if it is zero. Any other length must be correct.
#[derive(Debug)]
struct Length(Option<usize>);

impl PartialEq for Length {
    fn eq(&self, other: &Self) -> bool {
        self.0.unwrap_or_default() == other.0.unwrap_or_default()
    }
}

impl Servers {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let axum = listener.local_addr().expect("the listener has an address");
        let router = axum_router().into_make_service_with_connect_info::<SocketAddr>();
        let axum_task = tokio::spawn(async move {
            ::axum::serve(listener, router)
                .await
                .expect("the server runs");
        });

        let mount =
            crate::framework::actix::mount(Arc::new(sample::resources(ClientAddress::peer())));
        let server = HttpServer::new(move || {
            App::new()
                .route("/own", web::get().to(|| async { "own" }))
                .service(web::scope("/api/v1").configure(mount.clone()))
                .configure(mount.clone())
                .default_service(web::to(crate::framework::actix::not_found))
        });
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0));
        let server = server.expect("a port is free");
        let actix = server.addrs()[0];
        let server = server.run();
        let actix_handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            axum,
            axum_task,
            actix,
            actix_handle,
        }
    }

    pub(super) async fn ask_axum(&self, request: &[u8]) -> Reply {
        exchange(self.axum, request).await
    }

    pub(super) async fn ask_actix(&self, request: &[u8]) -> Reply {
        exchange(self.actix, request).await
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.axum_task.abort();
        drop(self.actix_handle.stop(false));
    }
}

/// The host has its own state and route. The sample routes are nested under a prefix, and merged at the root.
fn axum_router() -> Router {
    let resources = sample::resources(ClientAddress::peer());
    Router::new()
        .route(
            "/own",
            get(|State(own): State<&'static str>| async move { own }),
        )
        .nest("/api/v1", crate::framework::axum::mount(&resources))
        .merge(crate::framework::axum::mount(&resources))
        .fallback(crate::framework::axum::not_found)
        .with_state("own")
}

async fn exchange(server: SocketAddr, request: &[u8]) -> Reply {
    let stream = TcpStream::connect(server)
        .await
        .expect("the server listens");
    let (mut reader, mut writer) = stream.into_split();
    let request = request.to_vec();
    // Like a client, the test keeps the connection open until the reply is read.
    let writing = tokio::spawn(async move {
        writer.write_all(&request).await.expect("the server reads");
        writer
    });
    let mut reply = Vec::new();
    let reading = reader.read_to_end(&mut reply);
    timeout(Duration::from_secs(60), reading)
        .await
        .expect("the server answers and closes")
        .expect("the reply can be read");
    drop(writing.await.expect("the request was written"));
    Reply::parse(&reply)
}

impl Reply {
    fn parse(reply: &[u8]) -> Self {
        let end = reply.windows(4).position(|window| window == b"\r\n\r\n");
        let (head, body) = reply.split_at(end.expect("the reply has a head") + 4);
        let head = std::str::from_utf8(head).expect("the head is UTF-8");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok());
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let values = headers.entry(name.to_ascii_lowercase()).or_default();
            values.push(value.to_owned());
        }
        headers.remove("date");
        headers.remove("connection");
        let length = headers.remove("content-length");
        let length = length.map(|values| values.concat().parse().expect("the length is a number"));
        Self {
            status: status.expect("the reply has a status"),
            headers,
            body: body.to_vec(),
            length: Length(length),
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        match self.headers.get(name)?.as_slice() {
            [value] => Some(value),
            values => panic!("{name} occurs {} times", values.len()),
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A problem's code; empty for other replies.
    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn lengths(&self) -> usize {
        self.length.0.unwrap_or_default()
    }
}
