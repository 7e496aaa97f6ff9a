//! The audit trail: one event per security outcome (I9).

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallpass::{
    ErrorKind, UserId,
    event::{Author, Event, EventFilter, EventKind, Outcome, Sink},
    user::UserStatus,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::{
    app::{App, apps, apps_with, race, token_in, user_id},
    http::{JSON, PASSWORD, Reply},
    patience::{PATIENCE, until},
};

const ANN: &str = "ann@example.org";
const NOBODY: &str = "nobody@example.org";

/// Every event so far, oldest first.
async fn trail(app: &App) -> Vec<Event> {
    let store = app.store();
    let events = store.list_events(&EventFilter::default(), None, 200).await;
    let mut events = events.unwrap();
    events.reverse();
    events
}

/// The only event after this length of the trail.
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
async fn a_refused_login_event_has_a_reason_and_no_address() {
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

/// One step: a request, the expected status, and the expected event, if any.
struct Step<'a> {
    line: &'a str,
    access: &'a str,
    body: Value,
    status: u16,
    left: Option<(&'a str, Option<UserId>, Option<UserId>)>,
}

/// Takes the step and returns the reply.
async fn take(app: &App, step: Step<'_>) -> Reply {
    let Step {
        line,
        access,
        body,
        status,
        left,
    } = step;
    app.advance(1);
    let length = trail(app).await.len();
    let request = format!("request-{length}");
    let mut headers = format!("{JSON}X-Request-Id: {request}\r\nUser-Agent: a test\r\n");
    if !access.is_empty() {
        headers.push_str(&format!("Authorization: Bearer {access}\r\n"));
    }
    let reply = app.ask(line, &headers, body.to_string().as_bytes()).await;
    let reply = reply.expect(status);
    let new = trail(app).await.split_off(length);
    let found: Vec<_> = new
        .iter()
        .map(|event| (event.kind.as_str(), event.user_id, event.actor_id))
        .collect();
    let wanted: Vec<_> = left.into_iter().collect();
    assert_eq!(found, wanted, "{line} on {}", app.name);
    for event in &new {
        assert_eq!(event.client.request_id.as_deref(), Some(request.as_str()));
        assert_eq!(event.client.ip, Some([127, 0, 0, 1].into()));
        assert_eq!(event.client.user_agent.as_deref(), Some("a test"));
        assert_eq!(event.created_at, app.now());
        assert_eq!(event.outcome, event.kind.outcome());
        assert!(!format!("{event:?}").contains('@'), "{event:?}");
    }
    reply
}

/// Every outcome leaves one event with actor, user, address and request. A failed write leaves none.
#[tokio::test]
async fn every_flow_leaves_exactly_one_event() {
    const NEW: &str = "another long password";
    for app in apps().await {
        let admin = app.administrator().await;
        let root = trail(&app).await[0].user_id;
        let step = |line, access, body, status, left| Step {
            line,
            access,
            body,
            status,
            left,
        };
        let account = json!({ "email": ANN, "password": PASSWORD });
        let reply = take_new(&app, &account).await;
        let id = user_id(reply.json()["id"].as_str().unwrap());
        let ann = Some(id);
        take(&app, step("POST /users", "", account.clone(), 409, None)).await;
        let signed_in = Some(("signed_in", ann, ann));
        let login = step("POST /auth/login", "", account.clone(), 200, signed_in);
        let first = take(&app, login).await.tokens();
        let wrong = json!({ "email": ANN, "password": NEW });
        let failed = Some(("sign_in_failed", ann, None));
        take(&app, step("POST /auth/login", "", wrong, 401, failed)).await;
        let refresh = json!({ "refresh_token": first.refresh });
        let reply = take(
            &app,
            step("POST /auth/refresh", "", refresh.clone(), 200, None),
        )
        .await;
        let next = reply.tokens();
        take(
            &app,
            step("POST /auth/refresh", "", refresh.clone(), 200, None),
        )
        .await;
        take(
            &app,
            step(
                "POST /auth/refresh",
                "",
                json!({"refresh_token": "x"}),
                401,
                None,
            ),
        )
        .await;
        app.advance(60);
        let reused = Some(("refresh_token_reused", ann, None));
        take(
            &app,
            step("POST /auth/refresh", "", refresh.clone(), 401, reused),
        )
        .await;
        take(
            &app,
            step("POST /auth/refresh", "", refresh.clone(), 401, None),
        )
        .await;
        take(
            &app,
            step(
                "POST /auth/logout",
                "",
                json!({"refresh_token": next.refresh}),
                204,
                None,
            ),
        )
        .await;

        let login = || step("POST /auth/login", "", account.clone(), 200, signed_in);
        let here = take(&app, login()).await.tokens();
        let there = take(&app, login()).await.tokens();
        let out = json!({ "refresh_token": there.refresh });
        let left = Some(("logged_out", ann, None));
        take(&app, step("POST /auth/logout", "", out.clone(), 204, left)).await;
        take(&app, step("POST /auth/logout", "", out, 204, None)).await;
        let there = take(&app, login()).await.tokens();
        let line = format!("DELETE /users/me/sessions/{}", there.session);
        let left = Some(("session_revoked", ann, ann));
        take(&app, step(&line, &here.access, json!({}), 204, left)).await;
        take(&app, step(&line, &here.access, json!({}), 404, None)).await;

        let line = "POST /users/me/password";
        let change = json!({ "current_password": PASSWORD, "new_password": NEW });
        let left = Some(("password_changed", ann, ann));
        take(&app, step(line, &here.access, change, 204, left)).await;
        let asked = json!({ "email": ANN });
        let left = Some(("password_reset_requested", ann, None));
        take(
            &app,
            step("POST /auth/forgot-password", "", asked, 202, left),
        )
        .await;
        let asked = json!({ "email": NOBODY });
        let left = Some(("password_reset_requested", None, None));
        take(
            &app,
            step("POST /auth/forgot-password", "", asked, 202, left),
        )
        .await;
        app.deliver().await;
        let token = token_in(&app.letter(ANN, "/reset-password?"));
        let reset = json!({ "token": token, "new_password": PASSWORD });
        // With an unproven address, the account would also be taken over.
        app.set_verified(&id.to_string()).await;
        let left = Some(("password_reset", ann, None));
        take(
            &app,
            step("POST /auth/reset-password", "", reset.clone(), 204, left),
        )
        .await;
        take(
            &app,
            step("POST /auth/reset-password", "", reset, 400, None),
        )
        .await;

        let here = take(&app, login()).await.tokens();
        let left = Some(("logged_out_everywhere", ann, ann));
        take(
            &app,
            step("POST /auth/logout-all", &here.access, json!({}), 204, left),
        )
        .await;

        let path = format!("/admin/users/{id}");
        let patch = format!("PATCH {path}");
        for (change, left) in [
            (json!({"roles": ["editor", "user"]}), Some("roles_changed")),
            (json!({"roles": ["editor", "user"]}), None),
            (json!({"status": "disabled"}), Some("status_changed")),
            (json!({"status": "active"}), Some("status_changed")),
            (json!({"display_name": "Ann"}), None),
        ] {
            let left = left.map(|kind| (kind, ann, root));
            take(&app, step(&patch, &admin, change, 200, left)).await;
        }
        let left = Some(("account_deleted", ann, root));
        let line = format!("DELETE {path}");
        take(&app, step(&line, &admin, json!({}), 204, left)).await;
        take(&app, step(&line, &admin, json!({}), 404, None)).await;
    }
}

/// Registers, and checks that the event is about the new user.
async fn take_new(app: &App, account: &Value) -> Reply {
    app.advance(1);
    let length = trail(app).await.len();
    let reply = app.post("/users", account.clone()).await.expect(201);
    let made = Some(user_id(reply.json()["id"].as_str().unwrap()));
    let event = only_new(app, length).await;
    assert_eq!(event.kind, EventKind::AccountCreated);
    assert_eq!((event.user_id, event.actor_id), (made, made));
    reply
}

/// The events about one address can be grouped, whether or not the address has an account.
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
async fn an_unchecked_login_leaves_no_event() {
    for app in apps().await {
        app.register(ANN).await;
        let length = trail(&app).await.len();
        let reply = app.try_login(ANN, &"x".repeat(300)).await;
        reply.problem(422, "validation_failed");
        assert_eq!(trail(&app).await.len(), length);
    }
}

#[tokio::test]
async fn a_reuse_event_names_its_class() {
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
        panic!("a sink panics by design");
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

/// A sink gets every event. A sink that panics or stalls affects no other.
#[tokio::test]
async fn bad_sinks_delay_no_other_sink() {
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
            let received = || collecting.0.lock().unwrap().clone();
            let all_received = async || received().len() == 4 && app.auth.dropped_events() == 4;
            until("each sink has or misses the event", all_received).await;
            assert_eq!(received(), written);
            assert_eq!(app.auth.dropped_events(), 4, "missed by the panicking sink");
        }
    }
}

/// Concurrent deletions and logouts record only their own effects.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sinks_get_written_events_only() {
    let collecting = Collecting::default();
    for app in apps_with(|builder| builder.event_sink(collecting.clone())).await {
        app.auth.flush_events().await;
        collecting.0.lock().unwrap().clear();
        for _ in 0..8 {
            let ann = app.register(ANN).await;
            let ann = user_id(ann["id"].as_str().unwrap());
            let outcomes = race(8, |index| {
                let auth = app.auth.clone();
                async move {
                    let (administration, author) = (auth.administration(), Author::default());
                    if index % 4 == 0 {
                        administration.delete_user(ann, &author).await
                    } else {
                        administration.log_out(ann, &author).await
                    }
                }
            });
            for error in outcomes.await.into_iter().filter_map(Result::err) {
                assert_eq!(error.kind(), ErrorKind::UserNotFound);
            }
            app.advance(1);
        }
        app.auth.flush_events().await;
        let mut received = std::mem::take(&mut *collecting.0.lock().unwrap());
        received.sort_by_key(|event| event.id);
        assert_eq!(received, trail(&app).await);
    }
}

/// The background task ends once the sinks have all earlier events.
#[tokio::test]
async fn the_background_ends_after_the_sinks_have_every_event() {
    let collecting = Collecting::default();
    for app in apps_with(|builder| builder.event_sink(collecting.clone())).await {
        app.auth.flush_events().await;
        collecting.0.lock().unwrap().clear();
        let (stop, stopped) = oneshot::channel::<()>();
        let auth = app.auth.clone();
        let background = tokio::spawn(async move { auth.run(async { drop(stopped.await) }).await });
        app.register(ANN).await;
        drop(stop);
        let ended = tokio::time::timeout(PATIENCE, background).await;
        ended.expect("the background ends").unwrap();
        let written = trail(&app).await;
        assert_eq!(*collecting.0.lock().unwrap(), written);
    }
}
