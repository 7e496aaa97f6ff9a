//! Browser sessions: sign-in by cookie, its lifetimes, and everything that ends it.

mod bad_input;
mod pages;
mod renewal;
mod second_factor;

use std::time::Duration;

use hallpass::{
    ActiveUser, CurrentUser, Login,
    event::EventKind,
    secret::SessionCookie,
    token::{Browser, Credential, SessionKind},
    user::UserStatus,
};
use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::{
    statements::counted,
    support::{
        app::{Server, app_with, apps, apps_with},
        browser::{COOKIE, OWN, new_cookie},
        http::{PASSWORD, members_of},
    },
};

const ANN: &str = "ann@example.org";
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

#[tokio::test]
async fn browser_signs_in_and_out() {
    for app in apps().await {
        let user = app.register(ANN).await;
        let body = json!({"email": ANN, "password": PASSWORD});
        let reply = app.sign_in_browser(body).await.expect(200);
        let (cookie, attributes) = new_cookie(&reply).expect("a cookie");
        assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(
            cookie.starts_with("hp_bs_") && cookie.len() < 160,
            "{cookie}"
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let session = reply.json();
        assert_eq!(members_of(&session), ["expires_at", "user"]);
        assert_eq!(session["user"]["id"], user["id"]);
        assert!(!reply.text().contains(&cookie));

        let browser = app.browser(&reply);
        let read = browser.get("/auth/session").await.expect(200);
        assert_eq!(read.header("cache-control"), Some("no-store"));
        let read = read.json();
        assert_eq!(members_of(&read), ["acr", "expires_at", "user"]);
        assert_eq!(read["expires_at"], session["expires_at"]);
        assert_eq!(read["acr"], "urn:hallpass:aal1");
        let me = browser.get("/users/me").await.expect(200).json();
        assert_eq!(me["email"], ANN);
        let listed = browser.get("/users/me/sessions").await.expect(200).json();
        assert_eq!(listed["items"][0]["current"], true);

        for _ in 0..2 {
            let reply = browser.sign_out().await.expect(204);
            let deleted = new_cookie(&reply).expect("the cookie is deleted");
            assert_eq!(deleted.0, "");
            assert!(deleted.1.starts_with("Max-Age=0; "));
            assert_eq!(reply.header("clear-site-data"), Some("\"cache\""));
        }
        assert!(!browser.is_signed_in().await);
        assert_eq!(app.count_events(EventKind::LoggedOut).await, 1);
        let gone = browser.get("/auth/session").await;
        gone.problem(401, "invalid_access_token");
        let nothing = app.ask("GET /auth/session", "", b"").await;
        nothing.problem(401, "unauthenticated");
        let nothing = app.ask("DELETE /auth/session", "", b"").await;
        nothing.expect(204);
    }
}

#[tokio::test]
async fn failed_sign_in_of_a_browser_answers_as_login() {
    for app in apps().await {
        let user = app.register(ANN).await;
        let wrong = json!({"email": ANN, "password": "wrong password"});
        let reply = app.sign_in_browser(wrong).await;
        assert!(new_cookie(&reply).is_none());
        reply.problem(401, "invalid_credentials");
        let id = user["id"].as_str().expect("an id");
        app.set_status(id, UserStatus::Disabled).await;
        let right = json!({"email": ANN, "password": PASSWORD});
        let reply = app.sign_in_browser(right).await;
        assert!(new_cookie(&reply).is_none());
        reply.problem(403, "account_disabled");
        let odd = json!({"email": ANN, "password": PASSWORD, "remember": "yes", "roles": []});
        let reply = app.sign_in_browser(odd).await;
        reply.violations(
            "validation_failed",
            &[("/remember", "wrong_type"), ("/roles", "unknown_member")],
        );
    }
}

#[tokio::test]
async fn session_ends_with_the_browser_and_after_twelve_hours() {
    for app in apps().await {
        let browser = app.join_browser(ANN).await;
        for _ in 0..11 {
            app.advance(HOUR);
            assert!(browser.is_signed_in().await);
        }
        app.advance(HOUR - 1);
        assert!(browser.is_signed_in().await);
        app.advance(1);
        assert!(!browser.is_signed_in().await, "{}", app.name);
    }
}

#[tokio::test]
async fn remembered_session_has_the_lifetimes_of_sessions() {
    for app in apps().await {
        app.register(ANN).await;
        let body = json!({"email": ANN, "password": PASSWORD, "remember": true});
        let reply = app.sign_in_browser(body).await.expect(200);
        let (_, attributes) = new_cookie(&reply).expect("a cookie");
        let expected = "Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(attributes, expected);
        let browser = app.browser(&reply);
        for _ in 0..2 {
            app.advance(13 * DAY);
            assert!(browser.is_signed_in().await, "{}", app.name);
        }
        app.advance(4 * DAY);
        assert!(!browser.is_signed_in().await, "{}", app.name);

        let idle = app.browser(&reply_of(&app).await);
        app.advance(14 * DAY);
        assert!(!idle.is_signed_in().await, "{}", app.name);
    }
}

async fn reply_of(app: &crate::support::app::App) -> crate::support::http::Reply {
    let body = json!({"email": ANN, "password": PASSWORD, "remember": true});
    app.sign_in_browser(body).await.expect(200)
}

#[tokio::test]
async fn use_is_written_at_most_once_in_five_minutes() {
    for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
        let Some((_database, store, count)) = counted(backend).await else {
            continue;
        };
        let app = app_with(|builder| builder.store(store.clone())).await;
        let browser = app.join_browser(ANN).await;
        count.forget();
        for _ in 0..3 {
            app.advance(90);
            assert!(browser.is_signed_in().await);
            count.expect(1, "a request within five minutes");
        }
        app.advance(30);
        assert!(browser.is_signed_in().await);
        count.expect(2, "a request after five minutes");
        assert!(browser.is_signed_in().await);
        count.expect(1, "the next request");
        let forged = "hp_bs_forged".to_owned();
        let headers = format!("Cookie: {COOKIE}={forged}\r\n");
        let reply = app.ask("GET /users/me", &headers, b"").await;
        reply.problem(401, "invalid_access_token");
        count.expect(0, "a forged cookie");
    }
}

#[tokio::test]
async fn whatever_ends_sessions_ends_those_of_browsers() {
    for app in apps().await {
        let user = app.register(ANN).await;
        let id = user["id"].as_str().expect("an id");
        let browser = app.browse(ANN).await;
        browser
            .post("/auth/logout-all", Value::Null)
            .await
            .expect(204);
        assert!(!browser.is_signed_in().await);

        let (here, there) = (app.browse(ANN).await, app.browse(ANN).await);
        let listed = here.get("/users/me/sessions").await.expect(200).json();
        let items = listed["items"].as_array().expect("a list");
        let other = items.iter().find(|item| item["current"] == false);
        let other = other.expect("the other browser")["id"]
            .as_str()
            .expect("an id");
        let line = format!("DELETE /users/me/sessions/{other}");
        here.send(&line, OWN, Value::Null).await.expect(204);
        assert!(here.is_signed_in().await && !there.is_signed_in().await);

        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        assert!(!here.is_signed_in().await);
        let browser = app.browse(ANN).await;
        app.set_status(id, UserStatus::Disabled).await;
        assert!(!browser.is_signed_in().await);
        app.set_status(id, UserStatus::Active).await;
        assert!(
            !browser.is_signed_in().await,
            "a disabled session stays ended"
        );
    }
}

#[tokio::test]
async fn browser_sessions_count_among_the_sessions_of_a_user() {
    for app in apps_with(|builder| builder.sessions_per_user(2)).await {
        let first = app.join_browser(ANN).await;
        app.advance(1);
        let second = app.browse(ANN).await;
        app.advance(1);
        app.login(ANN).await;
        assert!(!first.is_signed_in().await, "{}", app.name);
        assert!(second.is_signed_in().await, "{}", app.name);
    }
}

#[tokio::test]
async fn kept_claims_are_checked_again_after_their_period() {
    let keep = |seconds| Browser::new().cache_for(Duration::from_secs(seconds));
    let app = app_with(|builder| builder.browser(keep(5))).await;
    let claims = async |caller: CurrentUser| caller.id().to_string();
    let active = async |caller: ActiveUser| caller.user.id.to_string();
    let router = axum::Router::new()
        .route("/claims", axum::routing::get(claims))
        .route("/active", axum::routing::get(active))
        .with_state(app.auth.clone());
    let server = Server::axum(router).await;
    let browser = app.join_browser(ANN).await;
    let here = browser.at(server.client);
    let status = async |path: &str| here.get(path).await.status;
    assert_eq!(
        (status("/claims").await, status("/active").await),
        (200, 200)
    );
    browser.sign_out().await.expect(204);
    assert_eq!(
        (status("/claims").await, status("/active").await),
        (200, 401)
    );
    assert!(
        !browser.is_signed_in().await,
        "our endpoints ask the database"
    );
    app.advance(5);
    assert_eq!(status("/claims").await, 401);
    let longest = hallpass::Auth::builder().browser(keep(601));
    let error = longest
        .store(hallpass::memory::MemoryStore::new())
        .secrets(hallpass::secret::Secret::generate())
        .public_url("https://id.example.org")
        .mailer(hallpass::mail::Mailbox::new())
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), hallpass::ErrorKind::Configuration);
}

#[tokio::test]
async fn host_signs_in_a_browser_in_process() {
    let app = app_with(|builder| builder).await;
    app.register(ANN).await;
    let login = Login::new(ANN.parse().unwrap(), PASSWORD).with_kind(SessionKind::browser(true));
    let hallpass::SignIn::Browser { session, .. } = app.auth.login(login).await.unwrap() else {
        panic!("a browser session opens");
    };
    let cookie: &SessionCookie = &session.cookie.value;
    assert_eq!(
        session.cookie.max_age,
        Some(Duration::from_secs(30 * DAY)),
        "it is remembered"
    );
    let caller = app.auth.current_user(cookie).await.unwrap();
    assert_eq!(caller.session_id, session.id);
    assert_eq!(caller.expires_at, session.expires_at);
    let service = app.auth.service();
    let credential = Credential::from(cookie);
    assert!(service.current_user(&credential).await.is_ok());
    app.auth
        .logout_all(cookie, &hallpass::event::ClientInfo::default())
        .await
        .unwrap();
    assert!(app.auth.current_user(cookie).await.is_err());
}
