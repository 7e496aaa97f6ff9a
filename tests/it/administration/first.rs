//! The administrator created at start.

use hallpass::user::EmailAddress;

use super::*;
use crate::support::app::link_token;

const ROOT: &str = "root@example.org";

#[tokio::test]
async fn a_restart_after_an_address_change_adds_no_administrator() {
    for app in apps().await {
        let admin = app.administrator().await;
        let body = json!({"new_email": "boss@example.org", "current_password": PASSWORD});
        let reply = app.send("POST /users/me/email", &admin, body).await;
        reply.expect(202);
        app.deliver().await;
        let letter = app.letter("boss@example.org", "/confirm-email-change?");
        let token = link_token(&letter, "confirm-email-change");
        let reply = app.post("/auth/confirm-email-change", json!({"token": token}));
        reply.await.expect(204);

        let restarted = app.another(|builder| builder).await;
        assert_eq!(ensured(&restarted, ROOT).await, None, "{}", app.name);
        let reply = restarted.try_login(ROOT, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        let admin = restarted.login("boss@example.org").await.access;
        let page = restarted.get("/admin/users", &admin).await.expect(200);
        assert_eq!(page.json()["items"].as_array().unwrap().len(), 1);
    }
}

/// With open registration, anybody can take the address.
#[tokio::test]
async fn an_existing_account_does_not_become_administrator() {
    for app in apps().await {
        let squatter = app.join(ROOT).await;
        assert_eq!(ensured(&app, ROOT).await, None, "{}", app.name);
        let me = app.me(&squatter.access).await.expect(200).json();
        assert_eq!(me["roles"], json!(["user"]));
        assert_eq!(me["email_verified"], false);
        let made = ensured(&app, "boss@example.org").await;
        assert!(made.is_some(), "{}", app.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_that_start_together_create_one_administrator() {
    for app in apps().await {
        let app = std::sync::Arc::new(app);
        let made = race(8, |index| {
            let app = std::sync::Arc::clone(&app);
            async move { ensured(&app, &format!("root{index}@example.org")).await }
        });
        let made = made.await.into_iter().flatten().count();
        assert_eq!(made, 1, "{}", app.name);
    }
}

/// The administrators that a start creates.
async fn ensured(app: &App, email: &str) -> Option<EmailAddress> {
    let (email, password) = (email.parse().unwrap(), PASSWORD.into());
    let made = app.auth.ensure_administrator(email, &password).await;
    made.unwrap().map(|user| user.email)
}
