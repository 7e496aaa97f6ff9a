//! A minimal HTTP/1.1 client, because the clients share the processors with the server.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::Result;

/// The warm-up before calls are counted.
const WARM_UP: Duration = Duration::from_millis(300);

/// A prepared request, sent repeatedly.
#[derive(Clone, Debug)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    pub(crate) fn get(path: &str, bearer: &str) -> Self {
        let text = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {bearer}\r\n\r\n"
        );
        Self(text.into_bytes())
    }

    pub(crate) fn post(path: &str, json: &str) -> Self {
        let length = json.len();
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{json}"
        );
        Self(text.into_bytes())
    }

    /// A request of a browser.
    pub(crate) fn with_cookie(path: &str, cookie: &str) -> Self {
        let text = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        Self(text.into_bytes())
    }

    /// The same request as a proxy would forward it for a client with this address.
    pub(crate) fn forwarded_for(self, client: IpAddr) -> Self {
        self.with_header(&format!("x-forwarded-for: {client}"))
    }

    /// The same request as a page of the server sends it.
    pub(crate) fn sent_by_own_page(self) -> Self {
        self.with_header("sec-fetch-site: same-origin")
    }

    fn with_header(mut self, header: &str) -> Self {
        let end = find(&self.0, b"\r\n").unwrap_or(self.0.len());
        let header = format!("\r\n{header}");
        self.0.splice(end..end, header.into_bytes());
        self
    }
}

/// A reply of any status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// Whether the reply has `Retry-After`.
    pub(crate) has_retry_after: bool,
    pub(crate) body: &'a [u8],
}

/// One connection, kept alive.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(1024),
        })
    }

    /// Sends a request and returns the body of the reply, which must be a success.
    pub(crate) async fn call(&mut self, request: &Request) -> Result<&[u8]> {
        let answer = self.ask(request).await?;
        match answer.status {
            200..300 => Ok(answer.body),
            status => Err(format!("{status}: {}", String::from_utf8_lossy(answer.body)).into()),
        }
    }

    /// Sends a request and returns the session cookie that the reply sets.
    pub(crate) async fn cookie(&mut self, request: &Request) -> Result<String> {
        self.call(request).await?;
        let head = String::from_utf8_lossy(&self.buffer);
        let cookies = head
            .lines()
            .filter_map(|line| line.strip_prefix("set-cookie: "));
        let pairs = cookies.filter_map(|cookie| cookie.split(';').next());
        let mut ours = pairs.filter(|pair| pair.contains("hallpass_session="));
        Ok(ours.next().ok_or("no session cookie")?.to_owned())
    }

    /// Sends a request and returns the reply.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Answer<'_>> {
        self.stream.write_all(&request.0).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the connection was closed".into());
            }
            let Some(end) = find(&self.buffer, b"\r\n\r\n") else {
                continue;
            };
            let head = self.buffer.get(..end).unwrap_or_default();
            let (start, end) = (end + 4, end + 4 + content_length(head)?);
            if self.buffer.len() < end {
                continue;
            }
            let head = self.buffer.get(..start).unwrap_or_default();
            return Ok(Answer {
                status: status(head)?,
                has_retry_after: find(head, b"\r\nretry-after: ").is_some(),
                body: self.buffer.get(start..end).unwrap_or_default(),
            });
        }
    }
}

fn status(head: &[u8]) -> Result<u16> {
    let digits = head
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    Ok(std::str::from_utf8(digits.ok_or("no HTTP/1.1 answer")?)?.parse()?)
}

fn content_length(head: &[u8]) -> Result<usize> {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let start = find(head, NAME).ok_or("an answer without a length")? + NAME.len();
    let digits = head
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    Ok(digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

/// The measurements of the clients in one turn.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    pub(crate) per_second: f64,
    /// The number of calls, including those outside the counted time.
    pub(crate) calls: u64,
    /// In ascending order.
    latencies: Vec<Duration>,
}

impl Turn {
    /// The latency at this quantile.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        quantile(&self.latencies, share)
    }
}

/// The quantile of values in ascending order.
pub(crate) fn quantile(ascending: &[Duration], share: f64) -> Duration {
    let last = ascending.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    ascending.get(index).copied().unwrap_or_default()
}

/// Sends each request repeatedly from a client of its own.
pub(crate) async fn run(address: SocketAddr, requests: &[Request], turn: Duration) -> Result<Turn> {
    let begin = Instant::now() + WARM_UP;
    let end = begin + turn;
    let mut clients = JoinSet::new();
    for request in requests {
        let mut client = Client::connect(address).await?;
        let request = request.clone();
        clients.spawn(async move {
            let mut latencies = Vec::with_capacity(64 * 1024);
            let mut calls = 0;
            loop {
                let sent = Instant::now();
                client.call(&request).await.map_err(|e| e.to_string())?;
                let received = Instant::now();
                calls += 1;
                if received >= end {
                    return Ok::<_, String>((calls, latencies));
                }
                if received >= begin {
                    latencies.push(received - sent);
                }
            }
        });
    }
    let mut latencies = Vec::new();
    let mut calls = 0;
    while let Some(client) = clients.join_next().await {
        let (of_client, measured) = client??;
        calls += of_client;
        latencies.extend(measured);
    }
    latencies.sort_unstable();
    Ok(Turn {
        per_second: latencies.len() as f64 / turn.as_secs_f64(),
        calls,
        latencies,
    })
}
