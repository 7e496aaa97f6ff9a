//! A breach service on loopback that records its requests.

use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use hallpass::credential::HttpBreachCheck;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The service. Stopped on drop.
pub(crate) struct Ranges {
    pub(crate) url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    stolen: Mutex<Vec<(String, u64)>>,
    /// The bytes to send instead of a range; with `None`, it never replies.
    instead: Mutex<Option<Vec<u8>>>,
    requests: Mutex<Vec<String>>,
}

impl Ranges {
    /// Starts a service that knows no passwords yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v9", listener.local_addr().expect("an address"));
        let state = Arc::<State>::default();
        let serving = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a caller");
                tokio::spawn(answer(Arc::clone(&serving), stream));
            }
        });
        Self { url, state, task }
    }

    pub(crate) fn check(&self) -> HttpBreachCheck {
        HttpBreachCheck::at(&self.url).expect("a URL on loopback")
    }

    /// Adds a password that was stolen this many times; 0 is padding.
    pub(crate) fn know(&self, password: &str, times: u64) {
        let stolen = (digits(password), times);
        self.state.stolen.lock().unwrap().push(stolen);
    }

    /// Sends this reply from now on.
    pub(crate) fn answer(&self, reply: impl Into<Vec<u8>>) {
        *self.state.instead.lock().unwrap() = Some(reply.into());
    }

    /// The heads of the requests since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.requests.lock().unwrap())
    }
}

impl Drop for Ranges {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The SHA-1 of a password, in hexadecimal digits.
pub(crate) fn digits(password: &str) -> String {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02X}"));
    digits.collect()
}

async fn answer(state: Arc<State>, mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).expect("a head in UTF-8");
    let prefix = head.split(' ').nth(1).and_then(|p| p.rsplit('/').next());
    let prefix = prefix.expect("a path").to_owned();
    state.requests.lock().unwrap().push(head);
    let instead = state.instead.lock().unwrap().clone();
    let reply = match instead {
        Some(silence) if silence.is_empty() => std::future::pending().await,
        Some(reply) => reply,
        None => ok(&range(&state, &prefix)),
    };
    // The caller may have disconnected.
    stream.write_all(&reply).await.ok();
}

fn range(state: &State, prefix: &str) -> String {
    let mut lines = vec![
        format!("{}:2", "0".repeat(35)),
        format!("{}:0", "F".repeat(35)),
    ];
    let stolen = state.stolen.lock().unwrap();
    let fitting = stolen
        .iter()
        .filter(|(digits, _)| digits.starts_with(prefix));
    lines.extend(fitting.map(|(digits, times)| format!("{}:{times}", &digits[prefix.len()..])));
    lines.join("\r\n")
}

/// The bytes of a reply with this body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").into()
}
