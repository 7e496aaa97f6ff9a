//! Overload: some callers are refused, and the others are served in turn.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hallpass::{
    Error, ErrorKind,
    clock::Timestamp,
    credential::Hasher,
    error::StoreError,
    event::ClientInfo,
    limit::{Charge, Charged, LimitKey},
    store::Limiter,
};
use serde_json::json;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use crate::support::{
    app::{App, app_with, apps_with, cheap, limited, patient, unhurried},
    http::{JSON, request},
};

const ANN: &str = "ann@example.org";

/// Reports each caller that is counted, and finishes none before it is allowed to.
#[derive(Clone, Debug)]
struct Slow {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    arrived: mpsc::UnboundedSender<()>,
    go: Arc<Semaphore>,
}

impl Slow {
    fn new() -> (Self, mpsc::UnboundedReceiver<()>) {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let slow = Self {
            now: Arc::default(),
            most: Arc::default(),
            arrived,
            go: Arc::new(Semaphore::new(0)),
        };
        (slow, arrivals)
    }
}

#[async_trait]
impl Limiter for Slow {
    async fn charge(&self, _: &[Charge], _: Timestamp) -> Result<Charged, StoreError> {
        let now = 1 + self.now.fetch_add(1, Ordering::SeqCst);
        self.most.fetch_max(now, Ordering::SeqCst);
        self.arrived.send(()).expect("a receiver exists");
        let went = self.go.acquire().await;
        went.expect("never closed").forget();
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(Charged::Granted(None))
    }

    async fn refund(&self, _: LimitKey, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn clear(&self, _: LimitKey) -> Result<(), StoreError> {
        Ok(())
    }
}

/// All callers request a link at once.
fn ask(app: &App, callers: usize) -> JoinSet<Result<(), Error>> {
    let mut calls = JoinSet::new();
    for number in 0..callers {
        let auth = app.auth.clone();
        calls.spawn(async move {
            let email = format!("{number}@example.org").parse().unwrap();
            auth.forgot_password(&email, &ClientInfo::default()).await
        });
    }
    calls
}

#[tokio::test]
async fn unknown_callers_are_counted_six_at_a_time_and_then_refused() {
    let (slow, mut arrivals) = Slow::new();
    let hasher = patient(cheap()).permits(6);
    let set = |builder| limited(unhurried(builder)).limiter(slow.clone());
    for app in apps_with(|builder| set(builder).hashing(hasher.clone())).await {
        // Six callers are being counted and 256 wait.
        let mut calls = ask(&app, 300);
        for _ in 0..300 - 6 - 256 {
            let refused = calls.join_next().await.unwrap().unwrap().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Overloaded);
            assert_eq!(refused.retry_after(), Some(Duration::from_secs(1)));
        }
        for _ in 0..6 {
            arrivals.recv().await.unwrap();
        }
        assert!(arrivals.try_recv().is_err(), "a seventh was counted");
        let reply = app.post("/auth/forgot-password", json!({"email": ANN}));
        reply.await.problem(503, "overloaded");
    }
}

/// The test runs in memory, because nobody times out while the clock is paused.
#[tokio::test(start_paused = true)]
async fn disconnected_callers_free_their_queue_slots() {
    let (slow, mut arrivals) = Slow::new();
    let hasher = patient(cheap()).permits(6);
    let set = |builder| limited(builder).limiter(slow.clone());
    let app = app_with(|builder| set(builder).hashing(hasher.clone())).await;
    let mut calls = ask(&app, 6 + 256);
    for _ in 0..6 {
        arrivals.recv().await.unwrap();
    }
    calls.shutdown().await;
    slow.now.store(0, Ordering::SeqCst);
    let mut calls = ask(&app, 6 + 256);
    slow.go.add_permits(6 + 256);
    while let Some(called) = calls.join_next().await {
        called.unwrap().unwrap();
    }
    for _ in 0..6 + 256 {
        arrivals.recv().await.unwrap();
    }
    assert_eq!(slow.most.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_caller_without_a_queue_slot_is_refused_unread() {
    let (slow, mut arrivals) = Slow::new();
    let hasher = Hasher::builder(cheap()).permits(1).queue(0);
    let set = |builder| limited(unhurried(builder)).limiter(slow.clone());
    for app in apps_with(|builder| set(builder).hashing(hasher.clone())).await {
        for path in ["/auth/login", "/users"] {
            app.post(path, json!({}))
                .await
                .problem(422, "validation_failed");
        }
        let body = json!({"email": ANN, "password": "long enough to be taken"}).to_string();
        let bytes = request("POST /auth/login", JSON, body.as_bytes());
        let mut in_place = TcpStream::connect(app.0).await.unwrap();
        in_place.write_all(&bytes).await.unwrap();
        arrivals.recv().await.unwrap();
        for path in ["/auth/login", "/users"] {
            let reply = app.post(path, json!({})).await.problem(503, "overloaded");
            assert_eq!(reply.header("retry-after"), Some("2"));
        }
    }
}
