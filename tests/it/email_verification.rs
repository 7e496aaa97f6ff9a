//! `POST /auth/verify-email`, `/auth/resend-verification`, and sign-in with an unverified address.

use std::time::Duration;

use hallpass::{event::EventFilter, user::UserStatus};
use serde_json::json;

use crate::support::{
    app::{App, app_with, apps, apps_with, link_token, race, unhurried, user_id},
    http::{PASSWORD, Reply},
};

const ANN: &str = "ann@example.org";

async fn verify(app: &App, token: &str) -> Reply {
    app.post("/auth/verify-email", json!({"token": token}))
        .await
}

async fn resend(app: &App, email: &str) -> Reply {
    let body = json!({"email": email});
    app.post("/auth/resend-verification", body)
        .await
        .expect(202)
}

/// Sends the mails and returns the token of the verification mail.
async fn mailed(app: &App, email: &str) -> String {
    app.deliver().await;
    link_token(&app.letter(email, "/verify-email?"), "verify-email")
}

async fn is_verified(app: &App, email: &str) -> bool {
    let tokens = app.login(email).await;
    let me = app.me(&tokens.access).await.expect(200).json();
    me["email_verified"].as_bool().expect("a boolean")
}

#[tokio::test]
async fn a_registration_mails_a_link_that_verifies_the_address_once() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let token = mailed(&app, ANN).await;
        let mail = app.mailbox.last_to(ANN).unwrap();
        assert!(mail.subject().contains("Hallpass"), "{}", mail.subject());
        assert!(!is_verified(&app, ANN).await);
        assert_eq!(verify(&app, &token).await.expect(204).text(), "");
        assert!(is_verified(&app, ANN).await);
        verify(&app, &token).await.problem(400, "invalid_token");
        let filter = EventFilter {
            user_id: Some(user_id(&id)),
            kind: Some(hallpass::event::EventKind::EmailVerified),
        };
        let events = app.store().list_events(&filter, None, 10).await.unwrap();
        assert_eq!(events.len(), 1);
    }
}

#[tokio::test]
async fn tokens_that_are_not_live_are_refused_alike() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let token = mailed(&app, ANN).await;
        let reset = app.reset_token(ANN).await;
        let mut replies = Vec::new();
        for token in [
            "",
            "x",
            "\0",
            &tokens.access,
            &tokens.refresh,
            &reset,
            &token[1..],
        ] {
            replies.push(
                verify(&app, token)
                    .await
                    .problem(400, "invalid_token")
                    .timeless(),
            );
        }
        app.advance(86_400);
        replies.push(
            verify(&app, &token)
                .await
                .problem(400, "invalid_token")
                .timeless(),
        );
        assert!(replies.iter().all(|reply| *reply == replies[0]));
        for (body, pointer, code) in [
            (json!({}), "/token", "required"),
            (json!({"token": 7}), "/token", "wrong_type"),
            (
                json!({"token": token, "email": ANN}),
                "/email",
                "unknown_member",
            ),
        ] {
            let reply = app.post("/auth/verify-email", body).await;
            reply.violations("validation_failed", &[(pointer, code)]);
        }
        assert!(!is_verified(&app, ANN).await);
    }
}

#[tokio::test]
async fn a_verification_link_has_the_configured_lifetime() {
    let app = app_with(|builder| builder.verification_lifetime(Duration::from_secs(60))).await;
    app.register(ANN).await;
    let token = mailed(&app, ANN).await;
    app.advance(60);
    verify(&app, &token).await.problem(400, "invalid_token");
    resend(&app, ANN).await;
    let token = mailed(&app, ANN).await;
    app.advance(59);
    verify(&app, &token).await.expect(204);
}

#[tokio::test]
async fn a_second_request_reveals_nothing_and_keeps_the_older_link() {
    for app in apps().await {
        app.register(ANN).await;
        let older = mailed(&app, ANN).await;
        let gone = app.register("gone@example.org").await;
        app.set_status(gone["id"].as_str().unwrap(), UserStatus::Disabled)
            .await;
        app.register("bob@example.org").await;
        let bob = mailed(&app, "bob@example.org").await;
        verify(&app, &bob).await.expect(204);
        app.mailbox.clear();
        app.advance(120);
        let mut replies = Vec::new();
        for email in [
            ANN,
            "nobody@example.org",
            "gone@example.org",
            "bob@example.org",
        ] {
            let reply = resend(&app, email).await;
            assert_eq!(reply.text(), "");
            replies.push(reply.timeless());
        }
        assert!(replies.iter().all(|reply| *reply == replies[0]));
        // Each request is an intent, but only one of them has a recipient.
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 4);
        assert_eq!(app.mailbox.mails().len(), 1);
        let newer = link_token(app.mailbox.last_to(ANN).unwrap().text(), "verify-email");
        assert_ne!(older, newer);
        verify(&app, &older).await.expect(204);
        assert!(is_verified(&app, ANN).await);
        for token in [older, newer] {
            verify(&app, &token).await.problem(400, "invalid_token");
        }
        let reply = app
            .post("/auth/resend-verification", json!({"email": "x"}))
            .await;
        reply.violations("validation_failed", &[("/email", "invalid_email")]);
    }
}

#[tokio::test]
async fn a_required_verification_shows_only_after_the_password() {
    for app in apps_with(|builder| builder.require_verified_email(true)).await {
        app.register(ANN).await;
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(403, "email_not_verified");
        let wrong = app.try_login(ANN, "not the password").await;
        let nobody = app.try_login("nobody@example.org", PASSWORD).await;
        let wrong = wrong.problem(401, "invalid_credentials").timeless();
        assert_eq!(wrong, nobody.problem(401, "invalid_credentials").timeless());
        let token = mailed(&app, ANN).await;
        verify(&app, &token).await.expect(204);
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn a_reset_verifies_as_well() {
    for app in apps_with(|builder| builder.require_verified_email(true)).await {
        app.register(ANN).await;
        let verification = mailed(&app, ANN).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        app.login(ANN).await;
        verify(&app, &verification)
            .await
            .problem(400, "invalid_token");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_parallel_verifications_wins() {
    for app in apps_with(unhurried).await {
        app.register(ANN).await;
        let (client, token) = (*app, mailed(&app, ANN).await);
        let replies = race(32, move |_| {
            let body = json!({"token": token});
            async move { client.post("/auth/verify-email", body).await }
        })
        .await;
        let won = replies.iter().filter(|reply| reply.status == 204).count();
        assert_eq!(won, 1, "{}", app.name);
        for reply in replies.into_iter().filter(|reply| reply.status != 204) {
            reply.problem(400, "invalid_token");
        }
    }
}
