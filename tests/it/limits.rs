//! Rate limits by client address and by requested address.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use hallpass::{
    ErrorKind, Registration,
    clock::Timestamp,
    error::StoreError,
    event::ClientInfo,
    limit::{Budget, Charge, Charged, LimitKey, Rate, RateLimits},
    memory::MemoryLimiter,
    store::Limiter,
};
use serde_json::json;

use crate::support::{
    app::{App, app_with, apps_with, limited},
    http::{PASSWORD, Reply},
};

const ANN: &str = "ann@example.org";

/// With rate limits, but without the lockout, which would act earlier.
async fn apps() -> Vec<App> {
    apps_with(|builder| limited(builder).lockout(None)).await
}

fn refused(reply: &Reply, policy: &str, limit: &str) {
    let reply = reply.clone().problem(429, "rate_limited");
    assert_eq!(reply.header("ratelimit-policy"), Some(policy));
    assert_eq!(reply.header("ratelimit"), Some(limit));
}

#[tokio::test]
async fn a_client_signs_in_twenty_times_a_minute() {
    for app in apps().await {
        app.register(ANN).await;
        app.advance(3600);
        // Guesses at unknown addresses count too.
        for round in 0..20 {
            let email = format!("nobody{round}@example.org");
            app.try_login(&email, PASSWORD).await.expect(401);
        }
        let reply = app.try_login(ANN, PASSWORD).await;
        refused(&reply, "\"sign_in\";q=20;w=60", "\"sign_in\";r=0;t=3");
        assert_eq!(reply.header("retry-after"), Some("3"));
        app.advance(2);
        let reply = app.try_login(ANN, PASSWORD).await;
        refused(&reply, "\"sign_in\";q=20;w=60", "\"sign_in\";r=0;t=1");
        app.advance(1);
        app.login(ANN).await;
        app.try_login(ANN, PASSWORD).await.expect(429);
        app.advance(3600);
        for _ in 0..20 {
            app.login(ANN).await;
        }
        app.try_login(ANN, PASSWORD).await.expect(429);
        // The other budgets are not affected.
        app.forgot(ANN).await;
        app.register("bob@example.org").await;
    }
}

#[tokio::test]
async fn requests_about_an_address_are_limited_silently() {
    let about = |builder: hallpass::AuthBuilder| {
        let rate = Rate::per_minute(1).with_burst(3);
        let limits = [Budget::Forgot, Budget::Register, Budget::Verify]
            .into_iter()
            .fold(RateLimits::none(), |limits, budget| {
                limits.per_address(budget, rate)
            });
        builder.rate_limits(limits)
    };
    for app in apps_with(about).await {
        app.register(ANN).await;
        let orders = async || {
            let waiting = app.store().list_mail(None, None, 200).await;
            waiting.unwrap().len()
        };
        for path in ["/auth/forgot-password", "/auth/resend-verification"] {
            for email in [ANN, "nobody@example.org"] {
                let before = orders().await;
                for _ in 0..9 {
                    let body = json!({"email": email.to_uppercase()});
                    app.post(path, body).await.expect(202);
                }
                assert_eq!(orders().await, before + 3, "{path} {email}");
            }
        }
        let account = json!({"email": ANN, "password": PASSWORD});
        for status in [409, 409, 429] {
            app.post("/users", account.clone()).await.expect(status);
        }
        app.register("bob@example.org").await;
    }
}

#[tokio::test]
async fn a_host_may_limit_how_often_anybody_signs_in_to_an_address() {
    let limits = RateLimits::default()
        .per_client(Budget::SignIn, None)
        .per_address(Budget::SignIn, Rate::per_minute(1).with_burst(3));
    for app in apps_with(|builder| builder.rate_limits(limits).lockout(None)).await {
        app.register(ANN).await;
        for email in [ANN, "nobody@example.org"] {
            for _ in 0..3 {
                app.try_login(email, "a wrong password").await.expect(401);
            }
            let reply = app.try_login(email, PASSWORD).await;
            refused(&reply, "\"sign_in\";q=3;w=180", "\"sign_in\";r=0;t=60");
        }
        app.register("bob@example.org").await;
        app.login("bob@example.org").await;
    }
}

#[tokio::test]
async fn guesses_of_mailed_tokens_are_limited() {
    for app in apps().await {
        let body = json!({"token": "x", "new_password": PASSWORD});
        for _ in 0..120 {
            let reply = app.post("/auth/reset-password", body.clone()).await;
            reply.expect(400);
        }
        let reply = app.post("/auth/reset-password", body).await;
        refused(&reply, "\"reset\";q=120;w=120", "\"reset\";r=0;t=1");
        let one = |round: usize| {
            let paths = ["verify-email", "confirm-email-change", "unlock"];
            format!("/auth/{}", paths[round % 3])
        };
        for round in 0..120 {
            let reply = app.post(&one(round), json!({"token": "x"})).await;
            reply.expect(400);
        }
        for round in 0..3 {
            let reply = app.post(&one(round), json!({"token": "x"})).await;
            refused(&reply, "\"verify\";q=120;w=120", "\"verify\";r=0;t=1");
        }
    }
}

#[tokio::test]
async fn refreshes_are_counted_in_each_process() {
    let few = RateLimits::none().per_client(Budget::Refresh, Rate::per_minute(2));
    for app in apps_with(|builder| builder.rate_limits(few)).await {
        let other = app.another(|builder| builder.rate_limits(few)).await;
        for app in [&app, &other] {
            for _ in 0..2 {
                app.refresh("x").await.expect(401);
            }
            let reply = app.refresh("x").await;
            refused(&reply, "\"refresh\";q=2;w=60", "\"refresh\";r=0;t=30");
        }
    }
}

#[tokio::test]
async fn every_request_counts_against_the_limit() {
    let few = RateLimits::none().per_client(Budget::Default, Rate::per_minute(4));
    for app in apps_with(|builder| builder.rate_limits(few)).await {
        for line in [
            "HEAD /users/me",
            "GET /users/me",
            "POST /auth/login",
            "POST /users",
        ] {
            app.ask(line, "", b"").await;
        }
        for line in ["GET /users/me", "POST /auth/login"] {
            let reply = app.ask(line, "", b"").await;
            refused(&reply, "\"default\";q=4;w=60", "\"default\";r=0;t=15");
        }
        // Requests of other services must not be affected.
        for path in [
            "/health/live",
            "/health/ready",
            "/.well-known/jwks.json",
            "/openapi.json",
        ] {
            app.ask(&format!("GET {path}"), "", b"").await.expect(200);
        }
        app.advance(15);
        app.me("x").await.expect(401);
    }
}

#[tokio::test]
async fn two_instances_share_the_limits() {
    for app in apps().await {
        let other = app.another(|builder| limited(builder).lockout(None)).await;
        for round in 0..20 {
            let asked = if round % 2 == 0 { &app } else { &other };
            asked.try_login(ANN, PASSWORD).await.expect(401);
        }
        for asked in [&app, &other] {
            asked.try_login(ANN, PASSWORD).await.expect(429);
        }
    }
}

/// A limiter that counts its calls.
#[derive(Clone, Debug, Default)]
struct Asked {
    limiter: MemoryLimiter,
    charges: Arc<AtomicUsize>,
}

impl Asked {
    fn times(&self) -> usize {
        self.charges.swap(0, Ordering::SeqCst)
    }
}

#[async_trait]
impl Limiter for Asked {
    async fn charge(&self, charges: &[Charge], now: Timestamp) -> Result<Charged, StoreError> {
        self.charges.fetch_add(1, Ordering::SeqCst);
        self.limiter.charge(charges, now).await
    }

    async fn refund(&self, key: LimitKey, now: Timestamp) -> Result<(), StoreError> {
        self.limiter.refund(key, now).await
    }

    async fn clear(&self, key: LimitKey) -> Result<(), StoreError> {
        self.limiter.clear(key).await
    }
}

#[tokio::test]
async fn a_refused_caller_costs_nothing_until_the_wait_ends() {
    let asked = Asked::default();
    let set = |builder| limited(builder).limiter(asked.clone());
    for app in apps_with(set).await {
        app.register(ANN).await;
        for _ in 0..20 {
            app.login(ANN).await;
        }
        app.try_login(ANN, PASSWORD).await.expect(429);
        asked.times();
        for _ in 0..5 {
            let reply = app.try_login(ANN, PASSWORD).await;
            refused(&reply, "\"sign_in\";q=20;w=60", "\"sign_in\";r=0;t=3");
        }
        app.advance(2);
        let reply = app.try_login(ANN, PASSWORD).await;
        refused(&reply, "\"sign_in\";q=20;w=60", "\"sign_in\";r=0;t=1");
        assert_eq!(asked.times(), 0);
        app.advance(1);
        app.login(ANN).await;
        assert_eq!(asked.times(), 1);
        // Somebody may end a lock at any time, so the limiter is asked at each attempt.
        app.advance(3600);
        for _ in 0..5 {
            app.try_login(ANN, "a wrong password").await.expect(401);
        }
        asked.times();
        for _ in 0..3 {
            let reply = app.try_login(ANN, PASSWORD).await;
            reply.problem(429, "too_many_attempts");
        }
        assert_eq!(asked.times(), 3);
        app.advance(3600);
    }
}

#[tokio::test]
async fn counters_in_memory_are_those_of_one_process() {
    let in_memory = |builder| limited(builder).lockout(None).limiter(MemoryLimiter::new());
    for app in apps_with(in_memory).await {
        let other = app.another(in_memory).await;
        for asked in [&app, &other] {
            for _ in 0..20 {
                asked.try_login(ANN, PASSWORD).await.expect(401);
            }
            asked.try_login(ANN, PASSWORD).await.expect(429);
        }
    }
}

#[tokio::test]
async fn an_invalid_limit_is_refused_at_the_start() {
    let app = app_with(|builder| builder).await;
    let built = |limits| {
        hallpass::Auth::builder()
            .shared_store(app.store())
            .secrets(app.secret.clone())
            .public_url("https://id.example.org")
            .mailer(app.mailbox.clone())
            .rate_limits(limits)
            .build()
    };
    assert!(built(RateLimits::default()).is_ok());
    let none = RateLimits::none().per_client(Budget::Verify, Rate::per_minute(0));
    let error = built(none).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(format!("{error:?}").contains("verify"), "{error:?}");
}

/// Password checks are limited in every call that a host makes.
#[tokio::test]
async fn a_prepared_registration_counts_for_its_client() {
    let twice = Rate::per_minute(1).with_burst(2);
    let set = |builder: hallpass::AuthBuilder| {
        builder.rate_limits(RateLimits::none().per_client(Budget::Register, twice))
    };
    for app in apps_with(set).await {
        let here = ClientInfo::new(Some([127, 0, 0, 1].into()), None);
        let prepare = async |client: &ClientInfo, password: &str| {
            let form = Registration::new(ANN.parse().unwrap(), password);
            let prepared = app
                .auth
                .prepare_registration(form.with_client(client.clone()));
            prepared.await.map(drop).map_err(|error| error.kind())
        };
        assert_eq!(prepare(&here, PASSWORD).await, Ok(()), "{}", app.name);
        // A call without effect counts too. A refusal computes no hash.
        assert_eq!(prepare(&here, "short").await, Err(ErrorKind::WeakPassword));
        assert_eq!(prepare(&here, "short").await, Err(ErrorKind::RateLimited));
        let body = json!({"email": ANN, "password": PASSWORD});
        let reply = app.post("/users", body).await;
        refused(&reply, "\"register\";q=2;w=120", "\"register\";r=0;t=60");
        let elsewhere = ClientInfo::new(Some([192, 0, 2, 1].into()), None);
        assert_eq!(prepare(&elsewhere, PASSWORD).await, Ok(()));
        app.advance(60);
        assert_eq!(prepare(&here, PASSWORD).await, Ok(()));
    }
}

#[tokio::test]
async fn calls_of_the_host_share_our_counters() {
    let once = Rate::per_minute(1);
    let set = |builder: hallpass::AuthBuilder| {
        let limits = Budget::ALL
            .iter()
            .filter(|budget| **budget != Budget::Default)
            .fold(RateLimits::none(), |limits, budget| {
                limits.per_client(*budget, once)
            });
        builder.rate_limits(limits.per_client(Budget::Default, once.with_burst(2)))
    };
    for app in apps_with(set).await {
        let client = ClientInfo::new(Some([127, 0, 0, 1].into()), None);
        for budget in Budget::ALL {
            app.auth.admit(*budget, &client).await.expect("room");
        }
        // One of the two allowed requests is left, then none.
        for policy in ["\"refresh\";q=1;w=60", "\"default\";q=2;w=120"] {
            let reply = app.refresh("x").await.problem(429, "rate_limited");
            assert_eq!(reply.header("ratelimit-policy"), Some(policy));
        }
        for budget in Budget::ALL {
            let refused = app.auth.admit(*budget, &client).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::RateLimited, "{budget:?}");
            assert!(refused.retry_after().is_some(), "{budget:?}");
            let nowhere = ClientInfo::default();
            app.auth.admit(*budget, &nowhere).await.expect("no counter");
        }
    }
}
