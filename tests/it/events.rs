//! The audit trail: one event per security outcome (I9).

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallpass::{
    Event, EventKind, UserStatus,
    event::{EventFilter, Outcome, Sink},
};
use serde_json::json;

use crate::support::{
    app::{App, apps, apps_with, user_id},
    http::{JSON, PASSWORD},
};

const ANN: &str = "ann@example.org";
const NOBODY: &str = "nobody@example.org";

/// Every event so far, the oldest first.
async fn trail(app: &App) -> Vec<Event> {
    let store = app.store();
    let events = store.list_events(&EventFilter::default(), None, 200).await;
    let mut events = events.unwrap();
    events.reverse();
    events
}

/// The one event since the trail had this length.
async fn only_new(app: &App, length: usize) -> Event {
    let mut events = trail(app).await.split_off(length);
    assert_eq!(events.len(), 1, "{}: {events:#?}", app.name);
    events.remove(0)
}

/// The detail of an event as text.
fn detail<'a>(event: &'a Event, name: &str) -> &'a str {
    event.detail[name].as_str().unwrap()
}

#[tokio::test]
async fn a_refused_login_says_why_and_never_names_the_address() {
    for app in apps().await {
        let ann = app.register(ANN).await;
        let ann = user_id(ann["id"].as_str().unwrap());
        app.advance(1);
        let mut addresses = Vec::new();
        for (email, password, status, user, reason) in [
            (NOBODY, PASSWORD, 401, None, "unknown_address"),
            (ANN, "a wrong password", 401, Some(ann), "wrong_password"),
            (
                "ANN@Example.ORG",
                PASSWORD,
                403,
                Some(ann),
                "account_disabled",
            ),
        ] {
            if reason == "account_disabled" {
                app.set_status(&ann.to_string(), UserStatus::Disabled).await;
            }
            app.advance(1);
            let length = trail(&app).await.len();
            let headers =
                format!("{JSON}X-Request-Id: request-of-{reason}\r\nUser-Agent: a test\r\n");
            let body = json!({ "email": email, "password": password }).to_string();
            let reply = app.ask("POST /auth/login", &headers, body.as_bytes());
            reply.await.expect(status);
            let event = only_new(&app, length).await;
            assert_eq!(event.kind, EventKind::SignInFailed);
            assert_eq!(event.outcome, Outcome::Failure);
            assert_eq!(event.user_id, user);
            assert_eq!(event.actor_id, None);
            assert_eq!(event.created_at, app.now());
            assert_eq!(event.client.ip, Some([127, 0, 0, 1].into()));
            assert_eq!(event.client.user_agent.as_deref(), Some("a test"));
            let request = format!("request-of-{reason}");
            assert_eq!(event.client.request_id, Some(request));
            assert_eq!(detail(&event, "reason"), reason);
            assert!(!format!("{event:?}").contains('@'));
            addresses.push(detail(&event, "address").to_owned());
        }
        assert_ne!(addresses[0], addresses[1], "two addresses");
        assert_eq!(addresses[1], addresses[2], "one address, spelt twice");
    }
}

/// What is asked for an address can be told together, with an account or without.
#[tokio::test]
async fn a_forgotten_password_has_the_digest_of_its_address() {
    for app in apps().await {
        app.register(ANN).await;
        for email in [ANN, NOBODY] {
            app.advance(1);
            let length = trail(&app).await.len();
            app.try_login(email, "a wrong password").await.expect(401);
            let failed = only_new(&app, length).await;
            app.advance(1);
            app.forgot(email).await;
            let asked = only_new(&app, length + 1).await;
            assert_eq!(asked.kind, EventKind::PasswordResetRequested);
            assert_eq!(asked.user_id, failed.user_id);
            assert_eq!(detail(&asked, "address"), detail(&failed, "address"));
        }
    }
}

#[tokio::test]
async fn a_login_that_was_not_checked_is_no_event() {
    for app in apps().await {
        app.register(ANN).await;
        let length = trail(&app).await.len();
        let reply = app.try_login(ANN, &"x".repeat(300)).await;
        reply.problem(422, "validation_failed");
        assert_eq!(trail(&app).await.len(), length);
    }
}

#[tokio::test]
async fn a_reuse_says_of_which_class_it_is() {
    for app in apps().await {
        app.register(ANN).await;
        for (class, refreshes, wait) in [("superseded_after_grace", 1, 60), ("older", 2, 0)] {
            app.advance(1);
            let first = app.login(ANN).await;
            let mut next = first.clone();
            for _ in 0..refreshes {
                next = app.refresh(&next.refresh).await.tokens();
            }
            app.advance(wait + 1);
            let length = trail(&app).await.len();
            let reply = app.refresh(&first.refresh).await;
            reply.problem(401, "refresh_token_reused");
            let event = only_new(&app, length).await;
            assert_eq!(event.kind, EventKind::RefreshTokenReused);
            assert_eq!(detail(&event, "class"), class);
            assert_eq!(detail(&event, "session_id"), first.session);
            app.refresh(&first.refresh).await.expect(401);
            only_new(&app, length).await;
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Collecting(Arc<Mutex<Vec<Event>>>);

#[async_trait]
impl Sink for Collecting {
    async fn send(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

#[derive(Debug)]
struct Panicking;

#[async_trait]
impl Sink for Panicking {
    async fn send(&self, _: &Event) {
        panic!("a sink in a bad mood");
    }
}

#[derive(Debug)]
struct Stalled;

#[async_trait]
impl Sink for Stalled {
    async fn send(&self, _: &Event) {
        std::future::pending().await
    }
}

/// A sink gets what the trail has, and one that panics or stalls takes nothing from anybody else.
#[tokio::test]
async fn bad_sinks_hold_nobody_up() {
    for bad_first in [true, false] {
        let collecting = Collecting::default();
        let apps = apps_with(|builder| {
            collecting.0.lock().unwrap().clear();
            if bad_first {
                let builder = builder.event_sink(Stalled).event_sink(Panicking);
                builder.event_sink(collecting.clone())
            } else {
                let builder = builder.event_sink(collecting.clone());
                builder.event_sink(Panicking).event_sink(Stalled)
            }
        });
        for app in apps.await {
            collecting.0.lock().unwrap().clear();
            app.register(ANN).await;
            app.advance(1);
            app.try_login(NOBODY, PASSWORD).await.expect(401);
            app.advance(1);
            let tokens = app.login(ANN).await;
            app.advance(1);
            app.logout(&tokens.refresh).await.expect(204);
            let written = trail(&app).await;
            assert_eq!(written.len(), 4);
            let told = || collecting.0.lock().unwrap().clone();
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
            while told().len() < 4 || app.auth.dropped_events() < 4 {
                assert!(std::time::Instant::now() < deadline, "{:?}", told());
                tokio::task::yield_now().await;
            }
            assert_eq!(told(), written);
            assert_eq!(app.auth.dropped_events(), 4, "by the one that panics");
        }
    }
}
