//! Clients that disconnect before the reply: each call takes effect either completely or not at all.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hallpass::{
    ErrorKind, Login,
    clock::Timestamp,
    credential::{HashParams, Hasher},
    error::StoreError,
    event::EventKind,
    limit::{Charge, Charged, LimitKey, Lockout},
    memory::MemoryLimiter,
    store::Limiter,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task,
    time::{Instant, sleep},
};

use crate::support::{
    app::{App, Framework, apps, apps_with, cheap, limited, patient, unhurried},
    db::TestStore,
    http::{JSON, PASSWORD, request},
    patience::{PATIENCE, until},
};

const ANN: &str = "ann@example.org";
const WRONG: &str = "a wrong password";

/// Sends a request, waits a little longer in each turn, and disconnects.
async fn hang_up(app: &App, turn: usize, path: &str, body: serde_json::Value) {
    let bytes = request(&format!("POST {path}"), JSON, body.to_string().as_bytes());
    let mut stream = TcpStream::connect(app.0).await.expect("a server");
    stream.write_all(&bytes).await.expect("the server reads");
    for _ in 0..turn * 3 {
        task::yield_now().await;
    }
}

#[tokio::test]
async fn a_disconnected_refresh_can_be_tried_again() {
    for app in apps().await {
        let mut tokens = app.join(ANN).await;
        for turn in 0..40 {
            let body = json!({"refresh_token": tokens.refresh});
            hang_up(&app, turn, "/auth/refresh", body).await;
            let next = app.refresh(&tokens.refresh).await.tokens();
            assert_eq!(next.session, tokens.session);
            tokens = next;
        }
        app.me(&tokens.access).await.expect(200);
    }
}

#[tokio::test]
async fn a_disconnected_registration_leaves_login_or_registration() {
    for app in apps().await {
        for turn in 0..20 {
            let email = format!("{turn}@example.org");
            let body = json!({"email": email, "password": PASSWORD});
            hang_up(&app, turn, "/users", body.clone()).await;
            let again = app.post("/users", body).await;
            match again.status {
                201 => {}
                _ => drop(again.problem(409, "email_taken")),
            }
            app.login(&email).await;
        }
    }
}

#[tokio::test]
async fn a_disconnected_reset_leaves_one_password() {
    for app in apps().await {
        app.register(ANN).await;
        let mut old = PASSWORD.to_owned();
        for turn in 0..15 {
            app.advance(1);
            let token = app.reset_token(ANN).await;
            let new = format!("passphrase number {turn}");
            let body = json!({"token": token, "new_password": new});
            hang_up(&app, turn, "/auth/reset-password", body).await;
            let again = app.reset(&token, &new).await;
            match again.status {
                204 => {}
                _ => drop(again.problem(400, "invalid_token")),
            }
            app.try_login(ANN, &new).await.expect(200);
            app.try_login(ANN, &old)
                .await
                .problem(401, "invalid_credentials");
            old = new;
        }
    }
}

/// Counts the queue slots that are taken and returned. It may block for ever.
#[derive(Clone, Debug, Default)]
struct Counts {
    charges: Arc<AtomicUsize>,
    refunds: Arc<AtomicUsize>,
    limits: MemoryLimiter,
    never: bool,
}

impl Counts {
    async fn until(&self, charges: usize) {
        let charged = async || self.charges.load(Ordering::SeqCst) >= charges;
        until("a caller is counted", charged).await;
    }
}

#[async_trait]
impl Limiter for Counts {
    async fn charge(&self, charges: &[Charge], at: Timestamp) -> Result<Charged, StoreError> {
        self.charges.fetch_add(1, Ordering::SeqCst);
        if self.never {
            pending().await
        }
        self.limits.charge(charges, at).await
    }

    async fn refund(&self, key: LimitKey, at: Timestamp) -> Result<(), StoreError> {
        let refunded = self.limits.refund(key, at).await;
        self.refunds.fetch_add(1, Ordering::SeqCst);
        refunded
    }

    async fn clear(&self, key: LimitKey) -> Result<(), StoreError> {
        self.limits.clear(key).await
    }
}

/// Sends a login without waiting for the reply.
async fn send_login(app: &App) -> TcpStream {
    send_password(app, PASSWORD).await
}

async fn send_password(app: &App, password: &str) -> TcpStream {
    let body = json!({"email": ANN, "password": password}).to_string();
    let bytes = request("POST /auth/login", JSON, body.as_bytes());
    let mut stream = TcpStream::connect(app.0).await.expect("a server");
    stream.write_all(&bytes).await.expect("the server reads");
    stream
}

/// Sends logins until one takes a slot and is counted. The others are refused.
async fn find_a_place(app: &App, counts: &Counts, charges: usize) -> TcpStream {
    let counted = counts.until(charges);
    tokio::pin!(counted);
    loop {
        let mut stream = send_login(app).await;
        tokio::select! {
            () = &mut counted => return stream,
            answer = stream.read_u8() => drop(answer.expect("an answer")),
        }
    }
}

#[tokio::test]
async fn disconnected_logins_free_slots_while_the_database_is_slow() {
    let hasher = patient(cheap()).permits(2).queue(0);
    let counts = Counts {
        never: true,
        ..Counts::default()
    };
    // The request timeout is long, because it would also free the slot.
    let set = |builder| limited(unhurried(builder)).limiter(counts.clone());
    for app in apps_with(|builder| set(builder).hashing(hasher.clone())).await {
        counts.charges.store(0, Ordering::SeqCst);
        let waiting = [send_login(&app).await, send_login(&app).await];
        counts.until(2).await;
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(503, "overloaded");
        drop(waiting);
        find_a_place(&app, &counts, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnected_logins_free_their_slots_in_the_queue() {
    // A hash takes a second or more of processor time, so that others run first.
    let costly = HashParams::danger_weak(131_072, 16, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1).queue(1);
    let hasher = hasher.deadline(2 * PATIENCE);
    for framework in [Framework::Actix, Framework::Axum] {
        let counts = Counts::default();
        let set = |builder| limited(unhurried(builder)).limiter(counts.clone());
        let store = Arc::new(TestStore::memory());
        let app = App::start(store, framework, |builder| {
            set(builder).hashing(hasher.clone())
        });
        let app = app.await;
        let checking = check_elsewhere(&app);
        counts.until(1).await;
        let waiting = send_login(&app).await;
        counts.until(2).await;
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(503, "overloaded");
        drop(waiting);
        find_a_place(&app, &counts, 3).await;
        assert!(!checking.is_finished(), "a slot became free by itself");
        assert_eq!(checking.await.unwrap(), ErrorKind::InvalidCredentials);
    }
}

/// Checks a password for another caller, which is refused.
fn check_elsewhere(app: &App) -> task::JoinHandle<ErrorKind> {
    let auth = app.auth.clone();
    let login = Login::new("bob@example.org".parse().unwrap(), PASSWORD);
    tokio::spawn(async move { auth.login(login).await.unwrap_err().kind() })
}

#[tokio::test]
async fn disconnected_guesses_do_not_lock_the_owner_out() {
    // A hash takes some milliseconds, so that callers disconnect before, during and after it.
    let costly = HashParams::danger_weak(8192, 2, 1).unwrap();
    let hasher = patient(costly).permits(1);
    let set = |builder| unhurried(builder).lockout(Lockout::default());
    for app in apps_with(|builder| set(builder).hashing(hasher.clone())).await {
        app.register(ANN).await;
        let begun = Instant::now();
        for turn in 0.. {
            if app.count_events(EventKind::SignInFailed).await >= 5 {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "counted without a log line");
            // The wait is longer on a slow machine.
            let patience = turn % 15 * (1 + turn / 60);
            let guess = send_password(&app, WRONG).await;
            sleep(Duration::from_millis(patience)).await;
            drop(guess);
        }
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(429, "too_many_attempts");
        assert_eq!(
            app.count_events(EventKind::SignInFailed).await,
            5,
            "{}",
            app.name
        );
        app.deliver().await;
        assert!(!app.letters(ANN, "/unlock?token=").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_disconnects_in_the_queue_is_not_a_failure() {
    // A hash takes some hundred milliseconds of processor time, so that others run first.
    let costly = HashParams::danger_weak(65_536, 6, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1).deadline(PATIENCE);
    for framework in [Framework::Actix, Framework::Axum] {
        let counts = Counts::default();
        let store = Arc::new(TestStore::memory());
        let app = App::start(store, framework, |builder| {
            let builder = unhurried(builder).lockout(Lockout::default());
            builder.limiter(counts.clone()).hashing(hasher.clone())
        });
        let app = app.await;
        let checking = check_elsewhere(&app);
        counts.until(1).await;
        let mut guesses = Vec::new();
        for _ in 0..4 {
            guesses.push(send_password(&app, WRONG).await);
        }
        counts.until(1 + 4).await;
        drop(guesses);
        assert_eq!(checking.await.unwrap(), ErrorKind::InvalidCredentials);
        // One failure belongs to the other caller. Each guess that is checked adds one.
        let looked_at = async || app.count_events(EventKind::SignInFailed).await - 1;
        let settled = async || looked_at().await + counts.refunds.load(Ordering::SeqCst) == 4;
        until("each guess is checked or refunded", settled).await;
        let looked_at = looked_at().await;
        assert!(looked_at < 4, "the queue was empty");
        for _ in looked_at..5 {
            app.try_login(ANN, WRONG).await.expect(401);
        }
        app.try_login(ANN, WRONG).await.expect(429);
    }
}
