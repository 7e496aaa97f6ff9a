//! Clients that hang up before they are answered: whatever was under way is done or undone as a whole.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use hallpass::{
    ErrorKind, EventKind, Login, StoreError, UserService as _,
    clock::Timestamp,
    credential::{HashParams, Hasher},
    event::EventFilter,
    limit::{Charge, Charged, LimitKey, Limiter, Lockout},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task,
    time::{sleep, timeout},
};

use crate::support::{
    app::{App, Framework, apps, apps_with, limited},
    db::TestStore,
    http::{JSON, PASSWORD, request},
};

const ANN: &str = "ann@example.org";
const WRONG: &str = "a wrong password";

/// Sends a request, waits a little longer each turn, and goes.
async fn hang_up(app: &App, turn: usize, path: &str, body: serde_json::Value) {
    let bytes = request(&format!("POST {path}"), JSON, body.to_string().as_bytes());
    let mut stream = TcpStream::connect(app.0).await.expect("a server");
    stream.write_all(&bytes).await.expect("the server reads");
    for _ in 0..turn * 3 {
        task::yield_now().await;
    }
}

#[tokio::test]
async fn who_hung_up_on_a_refresh_can_try_again() {
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
async fn who_hung_up_on_a_registration_can_log_in_or_register() {
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
async fn who_hung_up_on_a_reset_has_one_password() {
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

/// Counts who got a place, and grants everything, be it never.
#[derive(Clone, Debug, Default)]
struct Counts {
    charges: Arc<AtomicUsize>,
    never: bool,
}

impl Counts {
    async fn until(&self, charges: usize) {
        let begun = Instant::now();
        while self.charges.load(Ordering::SeqCst) < charges {
            assert!(begun.elapsed() < Duration::from_secs(20), "nobody comes");
            sleep(Duration::from_millis(1)).await;
        }
    }
}

#[async_trait]
impl Limiter for Counts {
    async fn charge(&self, _: &[Charge], _: Timestamp) -> Result<Charged, StoreError> {
        self.charges.fetch_add(1, Ordering::SeqCst);
        if self.never {
            pending().await
        }
        Ok(Charged::Granted(None))
    }

    async fn refund(&self, _: LimitKey, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn clear(&self, _: LimitKey) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Sends a login, and does not wait for the answer.
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

/// Whether an answer comes within a moment.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let answer = timeout(Duration::from_millis(50), stream.read_u8()).await;
    answer.is_ok()
}

#[tokio::test]
async fn who_hung_up_while_the_database_was_slow_gave_the_place_back() {
    let hasher = Hasher::builder(HashParams::danger_weak(8, 1, 1).unwrap());
    let hasher = hasher.permits(2).queue(0);
    let counts = Counts {
        never: true,
        ..Counts::default()
    };
    let set = |builder| limited(builder).limiter(counts.clone());
    for app in apps_with(|builder| set(builder).hashing(hasher.clone())).await {
        counts.charges.store(0, Ordering::SeqCst);
        let waiting = [send_login(&app).await, send_login(&app).await];
        counts.until(2).await;
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(503, "overloaded");
        drop(waiting);
        let begun = Instant::now();
        let mut next = send_login(&app).await;
        while is_answered(&mut next).await {
            // Later, the time of their requests would be up.
            assert!(begun.elapsed() < Duration::from_secs(8), "no place");
            next = send_login(&app).await;
        }
        counts.until(3).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hung_up_in_the_queue_gave_the_place_back() {
    // A second or more, in which the others come and go.
    let costly = HashParams::danger_weak(131_072, 16, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1).queue(1);
    let hasher = hasher.deadline(Duration::from_secs(60));
    for framework in [Framework::Actix, Framework::Axum] {
        let counts = Counts::default();
        let set = |builder| limited(builder).limiter(counts.clone());
        let store = Arc::new(TestStore::memory());
        let app = App::start(store, framework, |builder| {
            set(builder).hashing(hasher.clone())
        });
        let app = app.await;
        let auth = app.auth.clone();
        let checking = tokio::spawn(async move {
            let login = Login::new(ANN.parse().unwrap(), PASSWORD);
            auth.login(login).await.unwrap_err().kind()
        });
        counts.until(1).await;
        let waiting = send_login(&app).await;
        counts.until(2).await;
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(503, "overloaded");
        drop(waiting);
        while is_answered(&mut send_login(&app).await).await {}
        counts.until(3).await;
        assert!(!checking.is_finished(), "a place came free by itself");
        assert_eq!(checking.await.unwrap(), ErrorKind::InvalidCredentials);
    }
}

/// How many sign-ins are written down as failed.
async fn failures(app: &App) -> usize {
    let filter = EventFilter {
        user_id: None,
        kind: Some(EventKind::SignInFailed),
    };
    let events = app.store().list_events(&filter, None, 100).await;
    events.expect("the store works").len()
}

#[tokio::test]
async fn who_hung_up_does_not_lock_the_owner_out_in_silence() {
    // Some milliseconds, so that the caller goes before it, during it and after it.
    let costly = HashParams::danger_weak(8192, 2, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1);
    let set = |builder: hallpass::AuthBuilder| builder.lockout(Lockout::default());
    for app in apps_with(|builder| set(builder).hashing(hasher.clone())).await {
        app.register(ANN).await;
        let begun = Instant::now();
        for patience in (0..15).cycle() {
            if failures(&app).await >= 5 {
                break;
            }
            let elapsed = begun.elapsed();
            assert!(elapsed < Duration::from_secs(30), "counted in silence");
            let guess = send_password(&app, WRONG).await;
            sleep(Duration::from_millis(patience)).await;
            drop(guess);
        }
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(429, "too_many_attempts");
        assert_eq!(failures(&app).await, 5, "{}", app.name);
        app.deliver().await;
        assert!(!app.letters(ANN, "/unlock?token=").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hung_up_in_the_queue_has_not_failed() {
    // Some hundred milliseconds.
    let costly = HashParams::danger_weak(65_536, 6, 1).unwrap();
    let hasher = Hasher::builder(costly).permits(1);
    for framework in [Framework::Actix, Framework::Axum] {
        let store = Arc::new(TestStore::memory());
        let app = App::start(store, framework, |builder| {
            builder.lockout(Lockout::default()).hashing(hasher.clone())
        });
        let app = app.await;
        let auth = app.auth.clone();
        let other = Login::new("bob@example.org".parse().unwrap(), PASSWORD);
        let checking = tokio::spawn(async move { auth.login(other).await });
        sleep(Duration::from_millis(20)).await;
        let mut guesses = Vec::new();
        for _ in 0..4 {
            guesses.push(send_password(&app, WRONG).await);
        }
        sleep(Duration::from_millis(50)).await;
        drop(guesses);
        checking.await.unwrap().unwrap_err();
        // One is of the other; more, if this machine was so slow that they were looked at.
        let looked_at = failures(&app).await - 1;
        assert!(looked_at < 4, "nobody was in the queue");
        for _ in looked_at..5 {
            app.try_login(ANN, WRONG).await.expect(401);
        }
        app.try_login(ANN, WRONG).await.expect(429);
    }
}
