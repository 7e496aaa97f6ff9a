//! `GET /users/me/sessions` and `DELETE /users/me/sessions/{id}`.

use hallpass::{
    Auth, ErrorKind,
    event::{EventFilter, EventKind},
    user::UserStatus,
};
use serde_json::{Value, json};

use crate::support::{
    app::{App, app_with, apps, apps_with, race, unhurried, user_id},
    http::{JSON, PASSWORD, Reply, Tokens, members_of},
};

const ANN: &str = "ann@example.org";

async fn sessions(app: &App, access: &str) -> Vec<Value> {
    let reply = app.get("/users/me/sessions", access).await.expect(200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let body = reply.json();
    assert_eq!(members_of(&body), ["items"]);
    body["items"].as_array().unwrap().clone()
}

async fn end(app: &App, access: &str, id: &str) -> Reply {
    let headers = format!("Authorization: Bearer {access}\r\n");
    app.ask(&format!("DELETE /users/me/sessions/{id}"), &headers, b"")
        .await
}

async fn is_dead(app: &App, tokens: &Tokens) {
    let reply = app.me(&tokens.access).await;
    reply.problem(401, "invalid_access_token");
    let reply = app.get("/users/me/sessions", &tokens.access).await;
    reply.problem(401, "invalid_access_token");
    let reply = end(app, &tokens.access, &tokens.session).await;
    reply.problem(401, "invalid_access_token");
    let reply = app.refresh(&tokens.refresh).await;
    reply.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_session_beyond_the_cap_ends_the_least_recently_used() {
    for app in apps_with(|builder| builder.sessions_per_user(2)).await {
        let first = app.join(ANN).await;
        app.advance(1);
        let second = app.login(ANN).await;
        app.advance(1);
        let first = app.refresh(&first.refresh).await.tokens();
        app.advance(1);
        let third = app.login(ANN).await;
        is_dead(&app, &second).await;
        let items = sessions(&app, &third.access).await;
        let ids: Vec<_> = items.iter().map(|item| item["id"].as_str()).collect();
        let wanted = [&third, &first].map(|tokens| Some(tokens.session.as_str()));
        assert_eq!(ids, wanted, "{}", app.name);
        app.refresh(&first.refresh).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_sign_ins_stay_within_the_cap_of_sessions() {
    let capped = |builder| unhurried(builder).sessions_per_user(3);
    for app in apps_with(capped).await {
        app.register(ANN).await;
        let client = *app;
        let tokens = race(16, move |_| async move { client.login(ANN).await }).await;
        let mut live = 0;
        for tokens in &tokens {
            let reply = app.me(&tokens.access).await;
            match reply.status {
                200 => live += 1,
                _ => drop(reply.problem(401, "invalid_access_token")),
            }
        }
        assert_eq!(live, 3, "{}", app.name);
    }
}

#[tokio::test]
async fn a_cap_of_zero_sessions_is_refused() {
    let app = app_with(|builder| builder).await;
    let builder = Auth::builder()
        .shared_store(app.store())
        .mailer(app.mailbox.clone())
        .secrets(app.secret.clone())
        .public_url("https://id.example.org")
        .sessions_per_user(0);
    let error = builder.build().expect_err("a user without a session");
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn a_user_sees_their_live_sessions_newest_first() {
    for app in apps().await {
        app.join("bob@example.org").await;
        let created = app.register(ANN).await["created_at"].clone();
        let body = json!({"email": ANN, "password": PASSWORD}).to_string();
        let headers = format!("{JSON}User-Agent: Zoë/1.0\r\n");
        let login = app.ask("POST /auth/login", &headers, body.as_bytes()).await;
        let first = login.tokens();
        app.advance(60);
        let ended = app.login(ANN).await;
        app.logout(&ended.refresh).await.expect(204);
        let second = app.login(ANN).await;
        app.advance(60);
        let renewed = app.refresh(&first.refresh).await.tokens();

        let items = sessions(&app, &second.access).await;
        let names = [
            "created_at",
            "current",
            "expires_at",
            "id",
            "ip",
            "last_used_at",
            "user_agent",
        ];
        for item in &items {
            assert_eq!(members_of(item), names);
            assert_eq!(item["ip"], "127.0.0.1");
        }
        let [newest, oldest] = items.as_slice() else {
            panic!("two are live: {items:?}");
        };
        assert_eq!(newest["id"], second.session);
        assert_eq!(newest["current"], true);
        assert_eq!(newest["user_agent"], Value::Null);
        assert_eq!(newest["last_used_at"], newest["created_at"]);
        assert_eq!(oldest["id"], first.session);
        assert_eq!(oldest["current"], false);
        assert_eq!(oldest["user_agent"], "Zoë/1.0");
        assert_eq!(oldest["created_at"], created);
        assert!(time(oldest, "last_used_at") > time(newest, "last_used_at"));
        // Reading the list does not count as use.
        assert_eq!(sessions(&app, &renewed.access).await.len(), 2);
        let again = sessions(&app, &second.access).await;
        assert_eq!(again, items);
    }
}

fn time(session: &Value, name: &str) -> String {
    session[name].as_str().unwrap().to_owned()
}

/// A session expires after two idle weeks, or thirty days after it was opened.
#[tokio::test]
async fn a_session_lists_its_expiry() {
    for app in apps().await {
        let mut tokens = app.join(ANN).await;
        let day = 86_400;
        for (days, left) in [(0, 14), (13, 14), (13, 4)] {
            app.advance(days * day);
            tokens = app.refresh(&tokens.refresh).await.tokens();
            let items = sessions(&app, &tokens.access).await;
            let ends: chrono::DateTime<chrono::Utc> =
                items[0]["expires_at"].as_str().unwrap().parse().unwrap();
            assert_eq!((ends - app.now()).num_days(), left);
        }
        let old = app.login(ANN).await;
        app.advance(4 * day);
        let items = sessions(&app, &app.refresh(&old.refresh).await.tokens().access).await;
        assert_eq!(items.len(), 1, "an expired one is listed");
    }
}

#[tokio::test]
async fn a_user_ends_one_of_their_sessions() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let (here, there) = (app.login(ANN).await, app.login(ANN).await);
        let reply = end(&app, &here.access, &there.session).await.expect(204);
        assert_eq!(reply.text(), "");
        is_dead(&app, &there).await;
        app.me(&here.access).await.expect(200);
        assert_eq!(sessions(&app, &here.access).await.len(), 1);
        let again = end(&app, &here.access, &there.session).await;
        again.problem(404, "session_not_found");

        let filter = EventFilter {
            user_id: Some(user_id(&id)),
            kind: Some(EventKind::SessionRevoked),
        };
        let events = app.store().list_events(&filter, None, 50).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].actor_id, Some(user_id(&id)));
        assert_eq!(events[0].detail["session_id"], there.session);

        end(&app, &here.access, &here.session).await.expect(204);
        is_dead(&app, &here).await;
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn foreign_unknown_and_malformed_sessions_are_not_found() {
    for app in apps().await {
        let (ann, bob) = (app.join(ANN).await, app.join("bob@example.org").await);
        let over = app.login(ANN).await;
        app.logout(&over.refresh).await.expect(204);
        for id in [
            bob.session.as_str(),
            &over.session,
            "00000000-0000-7000-8000-000000000000",
            "x",
            "%00x",
            "1",
            "me",
            "%27%20OR%201=1",
            &ann.session[1..],
        ] {
            let reply = end(&app, &ann.access, id).await;
            if id.contains("%00") {
                reply.problem(404, "not_found");
            } else {
                reply.problem(404, "session_not_found");
            }
        }
        app.me(&ann.access).await.expect(200);
        app.me(&bob.access).await.expect(200);
        let path = format!("DELETE /users/me/sessions/{}", ann.session);
        let reply = app.ask(&path, "", b"").await;
        reply.problem(401, "unauthenticated");
        let reply = app.ask("GET /users/me/sessions", "", b"").await;
        reply.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_disabled_user_has_no_sessions() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let before = app.login(ANN).await;
        app.set_status(&id, UserStatus::Disabled).await;
        is_dead(&app, &before).await;
        app.set_status(&id, UserStatus::Active).await;
        let after = app.login(ANN).await;
        let items = sessions(&app, &after.access).await;
        assert_eq!(items.len(), 1);
        assert_eq!(items[0]["id"], after.session);
    }
}

/// Ending the session wins over refreshes that are running.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_calls_ends_a_session_for_good() {
    for app in apps_with(unhurried).await {
        let (here, there) = (app.join(ANN).await, app.login(ANN).await);
        let client = *app;
        let (own, other) = (here.clone(), there.clone());
        let replies = race(16, move |index| {
            let (here, there) = (own.clone(), other.clone());
            async move {
                if index % 4 == 0 {
                    return client.refresh(&there.refresh).await;
                }
                let line = format!("DELETE /users/me/sessions/{}", there.session);
                let headers = format!("Authorization: Bearer {}\r\n", here.access);
                client.ask(&line, &headers, b"").await
            }
        })
        .await;
        let count = |status: u16| {
            replies
                .iter()
                .filter(|reply| reply.status == status)
                .count()
        };
        assert_eq!((count(204), count(404)), (1, 11));
        for reply in replies.into_iter().filter(|reply| reply.status == 200) {
            let renewed = reply.tokens();
            let reply = app.me(&renewed.access).await;
            reply.problem(401, "invalid_access_token");
            let reply = app.refresh(&renewed.refresh).await;
            reply.problem(401, "invalid_refresh_token");
        }
        is_dead(&app, &there).await;
        app.me(&here.access).await.expect(200);
    }
}
