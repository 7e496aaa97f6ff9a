//! `POST /auth/reauthenticate` and the extractor for a recent sign-in.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{Router, routing::get};
use hallpass::{
    Auth, User,
    clock::{Clock as _, ManualClock},
    error::BoxError,
    event::{ClientInfo, Event, EventFilter, EventKind},
    guard::RecentSignIn,
    hook::Hooks,
    secret::PasswordHash,
    store::Store,
    token::{CheckedSession, SessionId},
    user::UserStatus,
};
use serde_json::{Map, Value, json};

use crate::support::{
    app::{App, Server, app_with, apps, apps_with, race, unhurried, user_id},
    http::{JSON, PASSWORD, Reply},
};

const ANN: &str = "ann@example.org";

async fn reauthenticate(app: &App, access: &str, password: &str) -> Reply {
    let body = json!({"password": password});
    app.send("POST /auth/reauthenticate", access, body).await
}

/// A host's route behind a recent sign-in, on each framework.
async fn hosts(auth: &Auth) -> [Server; 2] {
    let router = Router::new()
        .route(
            "/recent",
            get(async |caller: RecentSignIn| caller.user().email.as_str().to_owned()),
        )
        .with_state(auth.clone());
    let auth = auth.clone();
    let actix = Server::actix(move |config| {
        use actix_web::web;

        let recent = async |caller: RecentSignIn| caller.user().email.as_str().to_owned();
        config
            .app_data(web::Data::new(auth.clone()))
            .route("/recent", web::get().to(recent));
    });
    [Server::axum(router).await, actix]
}

#[tokio::test]
async fn a_sign_in_is_recent_for_ten_minutes_despite_refreshes() {
    for app in apps().await {
        let servers = hosts(&app.auth).await;
        let mut tokens = app.join(ANN).await;
        for (seconds, status) in [(0, 200), (599, 200), (1, 403), (86_400, 403)] {
            app.advance(seconds);
            tokens = app.refresh(&tokens.refresh).await.tokens();
            for server in &servers {
                let reply = server.client.get("/recent", &tokens.access).await;
                assert_eq!(reply.status, status, "{}", app.name);
                if status == 200 {
                    assert_eq!(reply.text(), ANN);
                } else {
                    reply.problem(403, "reauthentication_required");
                }
            }
        }
        reauthenticate(&app, &tokens.access, PASSWORD)
            .await
            .expect(204);
        let other = app.login(ANN).await;
        for (seconds, status) in [(0, 200), (599, 200), (1, 403)] {
            app.advance(seconds);
            tokens = app.refresh(&tokens.refresh).await.tokens();
            for server in &servers {
                let reply = server.client.get("/recent", &tokens.access).await;
                assert_eq!(reply.status, status, "{}", app.name);
            }
        }
        // Only this session of the user is fresh.
        let other = app.refresh(&other.refresh).await.tokens();
        reauthenticate(&app, &tokens.access, PASSWORD)
            .await
            .expect(204);
        for server in &servers {
            assert_eq!(
                server.client.get("/recent", &tokens.access).await.status,
                200
            );
            let reply = server.client.get("/recent", &other.access).await;
            reply.problem(403, "reauthentication_required");
        }
    }
}

#[tokio::test]
async fn the_extractor_distinguishes_unauthenticated_from_stale() {
    let app = app_with(|builder| builder).await;
    let servers = hosts(&app.auth).await;
    let tokens = app.join(ANN).await;
    app.logout(&tokens.refresh).await.expect(204);
    for server in &servers {
        let reply = server.client.ask("GET /recent", "", b"").await;
        reply.problem(401, "unauthenticated");
        for access in ["x", &tokens.access] {
            let reply = server.client.get("/recent", access).await;
            reply.problem(401, "invalid_access_token");
        }
    }
}

/// If the clock is set back, a sign-in remains recent.
#[tokio::test]
async fn a_sign_in_ahead_of_the_clock_is_recent() {
    let app = app_with(|builder| builder).await;
    let servers = hosts(&app.auth).await;
    let access = app.join(ANN).await.access;
    app.clock.rewind(std::time::Duration::from_secs(3));
    for server in &servers {
        assert_eq!(server.client.get("/recent", &access).await.status, 200);
    }
}

#[tokio::test]
async fn a_wrong_password_freshens_nothing_and_counts() {
    for app in apps().await {
        let servers = hosts(&app.auth).await;
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let tokens = app.login(ANN).await;
        app.register("bob@example.org").await;
        app.advance(600);
        let tokens = app.refresh(&tokens.refresh).await.tokens();
        for password in ["wrong password", "", "x"] {
            let reply = reauthenticate(&app, &tokens.access, password).await;
            assert_eq!(reply.header("www-authenticate"), None);
            reply.problem(401, "invalid_credentials");
        }
        for server in &servers {
            let reply = server.client.get("/recent", &tokens.access).await;
            reply.problem(403, "reauthentication_required");
        }
        let reply = reauthenticate(&app, &tokens.access, PASSWORD)
            .await
            .expect(204);
        assert_eq!(reply.text(), "");
        for (kind, count) in [
            (EventKind::ReauthenticationFailed, 3),
            (EventKind::Reauthenticated, 1),
        ] {
            let filter = EventFilter {
                user_id: Some(user_id(&id)),
                kind: Some(kind),
            };
            let events = app.store().list_events(&filter, None, 50).await.unwrap();
            assert_eq!(events.len(), count, "{kind:?}");
            for event in events {
                assert_eq!(event.detail["session_id"], tokens.session);
                assert_eq!(event.client.ip, Some([127, 0, 0, 1].into()));
            }
        }
    }
}

#[tokio::test]
async fn an_impossible_password_is_refused() {
    for app in apps().await {
        let access = app.join(ANN).await.access;
        let send = async |body| app.send("POST /auth/reauthenticate", &access, body).await;
        for (body, pointer, code) in [
            (json!({}), "/password", "required"),
            (json!({"password": null}), "/password", "required"),
            (json!({"password": 1}), "/password", "wrong_type"),
            (json!({"password": "a\0"}), "/password", "control_character"),
            (
                json!({"password": "x".repeat(1025)}),
                "/password",
                "too_long",
            ),
            (
                json!({"password": PASSWORD, "email": ANN}),
                "/email",
                "unknown_member",
            ),
        ] {
            send(body)
                .await
                .violations("validation_failed", &[(pointer, code)]);
        }
        let reply = app.ask("POST /auth/reauthenticate", JSON, b"{}").await;
        reply.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn an_account_without_a_password_cannot_reauthenticate_by_one() {
    for app in apps().await {
        let access = app.passwordless(ANN).await.access;
        for password in [PASSWORD, ""] {
            let reply = reauthenticate(&app, &access, password).await;
            reply.problem(401, "invalid_credentials");
        }
        // The sign-in is recent even without reauthentication.
        for server in &hosts(&app.auth).await {
            assert_eq!(server.client.get("/recent", &access).await.status, 200);
        }
    }
}

#[tokio::test]
async fn an_ended_session_is_not_freshened() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let (here, there) = (app.login(ANN).await, app.login(ANN).await);
        app.logout(&here.refresh).await.expect(204);
        let reply = reauthenticate(&app, &here.access, PASSWORD).await;
        reply.problem(401, "invalid_access_token");
        app.set_status(&id, UserStatus::Disabled).await;
        let reply = reauthenticate(&app, &there.access, PASSWORD).await;
        reply.problem(401, "invalid_access_token");
    }
}

/// Each call succeeds or finds that the session has ended. An ended session stays ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reauthentication_revives_no_ended_session() {
    for app in apps_with(unhurried).await {
        let tokens = app.join(ANN).await;
        let (client, own) = (*app, tokens.clone());
        let replies = race(12, move |index| {
            let own = own.clone();
            async move {
                if index == 0 {
                    return client.logout_all(&own.access).await;
                }
                let body = json!({"password": PASSWORD});
                client
                    .send("POST /auth/reauthenticate", &own.access, body)
                    .await
            }
        })
        .await;
        for (index, reply) in replies.into_iter().enumerate() {
            if index == 0 || reply.status == 204 {
                reply.expect(204);
            } else {
                reply.problem(401, "invalid_access_token");
            }
        }
        app.me(&tokens.access)
            .await
            .problem(401, "invalid_access_token");
        let reply = app.refresh(&tokens.refresh).await;
        reply.problem(401, "invalid_refresh_token");
    }
}

/// The authentication that an access token carries: `auth_time` and `amr`.
fn carried(app: &App, access: &str) -> (i64, String) {
    let caller = app.auth.verify(&access.into()).unwrap();
    let seconds = caller.authenticated_at().timestamp();
    (seconds, caller.methods().to_string())
}

#[tokio::test]
async fn token_carries_the_last_authentication_from_the_next_refresh_on() {
    for app in apps().await {
        let begun = app.now().timestamp();
        let first = app.join(ANN).await;
        assert_eq!(carried(&app, &first.access), (begun, "pwd".to_owned()));
        app.advance(100);
        let second = app.refresh(&first.refresh).await.tokens();
        assert_eq!(carried(&app, &second.access), (begun, "pwd".to_owned()));
        reauthenticate(&app, &second.access, PASSWORD)
            .await
            .expect(204);
        let third = app.refresh(&second.refresh).await.tokens();
        assert_eq!(
            carried(&app, &third.access),
            (begun + 100, "pwd".to_owned())
        );
    }
}

/// Reauthenticates the session while the claims of its next access token are asked for.
#[derive(Debug)]
struct Interrupting {
    store: Arc<dyn Store>,
    clock: ManualClock,
    verified_hash: Option<PasswordHash>,
}

#[async_trait]
impl Hooks for Interrupting {
    async fn access_token_claims(
        &self,
        user: &User,
        id: SessionId,
    ) -> Result<Map<String, Value>, BoxError> {
        let checked = CheckedSession {
            id,
            user_id: user.id,
            credential_version: 0,
            verified_hash: self.verified_hash.clone(),
        };
        let now = self.clock.now();
        let event = Event::new(EventKind::Reauthenticated, now, &ClientInfo::default());
        self.store
            .reauthenticate(&checked, None, now, &event)
            .await?;
        Ok(Map::new())
    }
}

#[tokio::test]
async fn token_carries_an_authentication_that_hooks_overlapped() {
    for app in apps().await {
        let begun = app.now().timestamp();
        let tokens = app.join(ANN).await;
        app.advance(100);
        let email = ANN.parse().unwrap();
        let credentials = app.store().credentials(&email).await.unwrap();
        let verified_hash = credentials.unwrap().password_hash;
        let hooked = app
            .another(|builder| {
                builder.hooks(Interrupting {
                    store: app.store(),
                    clock: app.clock.clone(),
                    verified_hash: verified_hash.clone(),
                })
            })
            .await;
        let next = hooked.refresh(&tokens.refresh).await.tokens();
        assert_eq!(carried(&app, &next.access).0, begun + 100);
    }
}
