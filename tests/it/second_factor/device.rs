//! Remembered devices.

use hallpass::event::EventKind;
use serde_json::{Value, json};

use super::{ANN, claims};
use crate::support::{
    app::{App, apps, link_token},
    authenticator::{Enrolled, ticket_of},
    http::{JSON, PASSWORD, Reply},
};

const DAY: u64 = 86_400;

async fn login_on(app: &App, cookie: &str, password: &str) -> Reply {
    let headers = format!("{JSON}Cookie: {cookie}\r\nUser-Agent: Browser\r\n");
    let body = json!({"email": ANN, "password": password}).to_string();
    app.ask("POST /auth/login", &headers, body.as_bytes()).await
}

fn cookie_of(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").expect("a cookie");
    cookie.split(';').next().expect("a pair").to_owned()
}

/// Signs in with a code, and remembers the device; the reply has its cookie.
async fn remembered(app: &App, ann: &Enrolled) -> String {
    let ticket = app.ticket(ANN).await;
    let body = json!({
        "ticket": ticket,
        "totp": ann.authenticator.code(app.now()),
        "remember_device": true,
    });
    let headers = format!("{JSON}User-Agent: Browser\r\n");
    let body = body.to_string();
    let reply = app.ask("POST /auth/second-factor", &headers, body.as_bytes());
    cookie_of(&reply.await.expect(200))
}

async fn devices(app: &App, access: &str) -> Vec<Value> {
    let list = app
        .get("/users/me/devices", access)
        .await
        .expect(200)
        .json();
    list["items"].as_array().expect("a list").clone()
}

async fn forget(app: &App, access: &str, id: &str) -> Reply {
    let line = format!("DELETE /users/me/devices/{id}");
    let headers = format!("Authorization: Bearer {access}\r\n");
    app.ask(&line, &headers, b"").await
}

#[tokio::test]
async fn remembered_device_needs_no_second_factor_for_thirty_days() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let cookie = remembered(&app, &ann).await;
        let reply = login_on(&app, &cookie, PASSWORD).await;
        let cookie = cookie_of(&reply);
        let tokens = reply.tokens();
        let (acr, methods) = claims(&app, &tokens.access);
        assert_eq!(acr, "urn:hallpass:aal1");
        assert_eq!(methods, ["pwd"]);
        ticket_of(app.try_login(ANN, PASSWORD).await);
        let listed = devices(&app, &tokens.access).await;
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0]["user_agent"], "Browser");
        // It is not a second factor.
        let refused = app
            .post_as("/users/me/recovery-codes", &tokens.access)
            .await;
        refused.problem(401, "step_up_required");

        app.advance(30 * DAY - 1);
        let reply = login_on(&app, &cookie, PASSWORD).await;
        let cookie = cookie_of(&reply);
        reply.tokens();
        app.advance(1);
        ticket_of(login_on(&app, &cookie, PASSWORD).await);
        assert_eq!(app.count_events(EventKind::DeviceRemembered).await, 1);
    }
}

#[tokio::test]
async fn forgotten_device_is_asked_again() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let cookie = remembered(&app, &ann).await;
        let tokens = login_on(&app, &cookie, PASSWORD).await.tokens();
        let id = devices(&app, &tokens.access).await[0]["id"].clone();
        let id = id.as_str().expect("a string");
        let bob = app.enrolled("bob@example.org").await;
        for (access, id) in [
            (&bob.tokens.access, id),
            (&tokens.access, "x"),
            (&tokens.access, "00000000-0000-0000-0000-000000000000"),
        ] {
            forget(&app, access, id).await.problem(404, "not_found");
        }
        forget(&app, &tokens.access, id).await.expect(204);
        forget(&app, &tokens.access, id)
            .await
            .problem(404, "not_found");
        assert!(devices(&app, &tokens.access).await.is_empty());
        ticket_of(login_on(&app, &cookie, PASSWORD).await);
        app.me(&tokens.access).await.expect(200);
        assert_eq!(app.count_events(EventKind::DeviceForgotten).await, 1);
    }
}

/// A changed factor, a reset and the link in a notice each forget the devices.
#[tokio::test]
async fn change_of_the_account_forgets_its_devices() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let cookie = remembered(&app, &ann).await;
        let access = &ann.tokens.access;
        let other = app.begin_totp(access).await;
        let code = other.code(app.now());
        app.confirm_totp(access, &other.id, &code).await.expect(200);
        ticket_of(login_on(&app, &cookie, PASSWORD).await);
        assert!(devices(&app, access).await.is_empty());

        app.advance(30);
        let cookie = remembered(&app, &ann).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, "another passphrase").await.expect(204);
        ticket_of(login_on(&app, &cookie, "another passphrase").await);

        app.advance(60);
        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        let cookie = remembered(&app, &ann).await;
        app.deliver().await;
        let notices = app.letters(ANN, "/secure-account?");
        let token = link_token(notices.last().expect("a notice"), "secure-account");
        app.advance(1);
        let secured = app.post("/auth/secure-account", json!({"token": token}));
        secured.await.expect(200);
        app.deliver().await;
        let letter = app.letter(ANN, "You have secured");
        let token = link_token(&letter, "reset-password");
        app.reset(&token, PASSWORD).await.expect(204);
        ticket_of(login_on(&app, &cookie, PASSWORD).await);
    }
}

/// The cookie of one user's device opens nothing for another.
#[tokio::test]
async fn device_is_remembered_for_one_user() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        app.enrolled("bob@example.org").await;
        let cookie = remembered(&app, &ann).await;
        let headers = format!("{JSON}Cookie: {cookie}\r\n");
        let body = json!({"email": "bob@example.org", "password": PASSWORD}).to_string();
        let reply = app.ask("POST /auth/login", &headers, body.as_bytes()).await;
        ticket_of(reply);
    }
}
