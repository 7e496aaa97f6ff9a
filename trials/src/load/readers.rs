//! The latency of signed-in users under other load.

use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
    ops::Range,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    task::JoinHandle,
    time::{interval, interval_at, sleep},
};

use super::{
    client::{Client, Request},
    flood::spread,
    people::text,
};
use crate::Result;

/// The number of readers. With this number, calls hardly wait for each other, so that the measured latency is that of
/// the server.
const CONNECTIONS: u32 = 100;
/// The time between two calls of a reader.
const PERIOD: Duration = Duration::from_millis(200);

/// Signed-in readers: some read their account, one refreshes. They have their own thread, because the threads of the
/// flood are busy.
pub(crate) struct Readers {
    /// The time after which the readers send no more calls.
    stop: watch::Sender<Option<Instant>>,
    _thread: Thread,
    reads: Vec<JoinHandle<Result<Calls, String>>>,
    refreshes: Option<JoinHandle<Result<Calls, String>>>,
}

/// A runtime that may be dropped within another runtime.
struct Thread(Option<Runtime>);

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The due times of calls and their latencies.
type Calls = Vec<(Instant, Duration)>;

impl Readers {
    /// Starts readers that share these requests, and one that logs in first and then refreshes.
    pub(crate) async fn start(
        server: SocketAddr,
        requests: &[Request],
        refresher: Option<(Request, IpAddr)>,
    ) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let thread = Thread(Some(runtime));
        let (stop, stopped) = watch::channel(None);
        let first = Instant::now() + PERIOD;
        let reads = requests.iter().cycle().zip(0..CONNECTIONS);
        let reads = reads.map(|(me, number)| {
            let first = first + PERIOD * number / CONNECTIONS;
            handle.spawn(read(server, me.clone(), first, stopped.clone()))
        });
        let reads = reads.collect();
        let refreshes = match refresher {
            Some((login, from)) => {
                let mut client = Client::connect(server).await?;
                let login = login.forwarded_for(from);
                let pair: Value = serde_json::from_slice(client.call(&login).await?)?;
                let token = text(&pair, "refresh_token")?;
                Some(handle.spawn(refresh(server, token, from, stopped.clone())))
            }
            None => None,
        };
        sleep(2 * PERIOD).await;
        Ok(Self {
            stop,
            _thread: thread,
            reads,
            refreshes,
        })
    }

    /// Stops the readers, and returns a summary of their latencies during the flood.
    pub(crate) async fn stop(self, flood: Range<Instant>) -> Result<String> {
        self.stop.send_replace(Some(flood.end));
        let mut reads = Vec::new();
        for read in self.reads {
            reads.extend(felt(read.await??, &flood));
        }
        reads.sort_unstable();
        let mut summary = format!("{} reads, {}", reads.len(), spread(&reads));
        if let Some(refreshes) = self.refreshes {
            let mut refreshes = felt(refreshes.await??, &flood);
            refreshes.sort_unstable();
            let (count, spread) = (refreshes.len(), spread(&refreshes));
            write!(summary, "; {count} refreshes, {spread}")?;
        }
        Ok(summary)
    }
}

fn felt(calls: Calls, flood: &Range<Instant>) -> Vec<Duration> {
    let during = calls.into_iter().filter(|(sent, _)| flood.contains(sent));
    during.map(|(_, latency)| latency).collect()
}

async fn read(
    server: SocketAddr,
    me: Request,
    first: Instant,
    stop: watch::Receiver<Option<Instant>>,
) -> Result<Calls, String> {
    let client = Client::connect(server).await;
    let mut client = client.map_err(|error| error.to_string())?;
    let mut calls = Vec::new();
    let mut pace = interval_at(first.into(), PERIOD);
    loop {
        let sent = pace.tick().await.into_std();
        if stop.borrow().is_some_and(|end| sent > end) {
            return Ok(calls);
        }
        client.call(&me).await.map_err(|error| error.to_string())?;
        calls.push((sent, sent.elapsed()));
    }
}

async fn refresh(
    server: SocketAddr,
    mut token: String,
    from: IpAddr,
    stop: watch::Receiver<Option<Instant>>,
) -> Result<Calls, String> {
    let client = Client::connect(server).await;
    let mut client = client.map_err(|error| error.to_string())?;
    let mut calls = Vec::new();
    let mut pace = interval(Duration::from_millis(20));
    loop {
        let sent = pace.tick().await.into_std();
        if stop.borrow().is_some_and(|end| sent > end) {
            return Ok(calls);
        }
        let body = json!({ "refresh_token": token }).to_string();
        let request = Request::post("/auth/refresh", &body).forwarded_for(from);
        let body = client
            .call(&request)
            .await
            .map_err(|error| error.to_string())?;
        calls.push((sent, sent.elapsed()));
        let pair: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        token = text(&pair, "refresh_token").map_err(|error| error.to_string())?;
    }
}
