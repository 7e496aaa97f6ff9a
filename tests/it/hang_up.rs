//! Clients that hang up before they are answered: whatever was under way is done or undone as a whole.

use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task};

use crate::support::{
    app::{App, apps},
    http::{JSON, PASSWORD, request},
};

const ANN: &str = "ann@example.org";

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
