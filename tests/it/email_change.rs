//! `POST /users/me/email` and `/auth/confirm-email-change`.

use hallpass::event::{EventFilter, EventKind};
use serde_json::json;

use crate::support::{
    app::{App, apps, apps_with, link_token, race, unhurried, user_id},
    http::{PASSWORD, Reply, Tokens},
};

const ANN: &str = "ann@example.org";
const NEW: &str = "ann@example.net";
const BOB: &str = "bob@example.org";

async fn ask(app: &App, tokens: &Tokens, body: serde_json::Value) -> Reply {
    app.send("POST /users/me/email", &tokens.access, body).await
}

async fn request(app: &App, tokens: &Tokens, email: &str) -> Reply {
    let body = json!({"new_email": email, "current_password": PASSWORD});
    ask(app, tokens, body).await.expect(202)
}

async fn confirm(app: &App, token: &str) -> Reply {
    let body = json!({"token": token});
    app.post("/auth/confirm-email-change", body).await
}

/// Sends the mails and returns the token of the letter to this address.
async fn link_to(app: &App, email: &str) -> String {
    app.deliver().await;
    let letter = app.letter(email, "/confirm-email-change?");
    link_token(&letter, "confirm-email-change")
}

#[tokio::test]
async fn a_confirmed_link_gives_the_user_the_new_address() {
    for app in apps().await {
        let id = app.settled(ANN).await["id"].as_str().unwrap().to_owned();
        let (here, there) = (app.login(ANN).await, app.login(ANN).await);
        assert_eq!(request(&app, &here, NEW).await.text(), "");
        let token = link_to(&app, NEW).await;
        let notice = app.letter(ANN, NEW);
        assert!(!notice.contains("confirm-email-change"), "{notice}");
        // Nothing has changed yet.
        let me = app.me(&here.access).await.expect(200).json();
        assert_eq!(me["email"], ANN);

        assert_eq!(confirm(&app, &token).await.expect(204).text(), "");
        for tokens in [here, there] {
            app.me(&tokens.access)
                .await
                .problem(401, "invalid_access_token");
            let reply = app.refresh(&tokens.refresh).await;
            reply.problem(401, "invalid_refresh_token");
        }
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        let tokens = app.login(NEW).await;
        let me = app.me(&tokens.access).await.expect(200).json();
        assert_eq!(
            (&me["email"], &me["email_verified"]),
            (&json!(NEW), &json!(true))
        );
        assert_eq!(me["id"], id);
        confirm(&app, &token).await.problem(400, "invalid_token");
        app.register(ANN).await;
        for kind in [EventKind::EmailChangeRequested, EventKind::EmailChanged] {
            let filter = EventFilter {
                user_id: Some(user_id(&id)),
                kind: Some(kind),
            };
            let events = app.store().list_events(&filter, None, 10).await.unwrap();
            assert_eq!(events.len(), 1, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn only_the_newest_token_confirms_its_own_address() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        request(&app, &tokens, NEW).await;
        let older = link_to(&app, NEW).await;
        app.advance(120);
        request(&app, &tokens, "other@example.net").await;
        // The earlier link is void as soon as another one is requested, even before the mail is sent.
        confirm(&app, &older).await.problem(400, "invalid_token");
        let newer = link_to(&app, "other@example.net").await;
        confirm(&app, &older).await.problem(400, "invalid_token");
        confirm(&app, &newer).await.expect(204);
        let reply = app.try_login(NEW, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        app.login("other@example.net").await;
    }
}

#[tokio::test]
async fn a_taken_address_is_answered_alike_and_gets_no_link() {
    for app in apps().await {
        app.settled(BOB).await;
        let tokens = app.join(ANN).await;
        app.deliver().await;
        app.mailbox.clear();
        let free = request(&app, &tokens, NEW).await.timeless();
        app.advance(120);
        let taken = request(&app, &tokens, "BOB@example.org").await.timeless();
        assert_eq!(free, taken);
        app.deliver().await;
        assert!(app.letters(BOB, "").is_empty());
        assert!(!app.letters(ANN, "BOB@example.org").is_empty(), "a notice");
        app.login(BOB).await;
    }
}

#[tokio::test]
async fn an_address_taken_before_confirmation_keeps_its_owner() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        request(&app, &tokens, NEW).await;
        let token = link_to(&app, NEW).await;
        app.register(NEW).await;
        confirm(&app, &token).await.problem(400, "invalid_token");
        app.me(&tokens.access).await.expect(200);
        app.login(ANN).await;
        app.login(NEW).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_users_and_a_registration_gets_the_address() {
    for app in apps_with(unhurried).await {
        let mut links = Vec::new();
        for (index, email) in [ANN, BOB].into_iter().enumerate() {
            let tokens = app.join(email).await;
            request(&app, &tokens, NEW).await;
            app.deliver().await;
            let letters = app.letters(NEW, "/confirm-email-change?");
            assert_eq!(letters.len(), index + 1);
            links.push(link_token(&letters[index], "confirm-email-change"));
        }
        let client = *app;
        let replies = race(30, move |index| {
            let link = links.get(index % 3).cloned();
            async move {
                match link {
                    Some(link) => {
                        let body = json!({"token": link});
                        client.post("/auth/confirm-email-change", body).await
                    }
                    None => {
                        let body = json!({"email": NEW, "password": "another good password"});
                        client.post("/users", body).await
                    }
                }
            }
        })
        .await;
        let won = replies.iter().filter(|reply| reply.status < 300).count();
        assert_eq!(won, 1, "{}: {replies:?}", app.name);
        for reply in replies {
            assert!(matches!(reply.status, 201 | 204 | 400 | 409), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn the_password_is_asked_for_again() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        app.deliver().await;
        app.mailbox.clear();
        let body = json!({"new_email": NEW, "current_password": "not the password"});
        let reply = ask(&app, &tokens, body).await;
        reply.problem(401, "invalid_credentials");
        for (body, violations) in [
            (
                json!({"new_email": NEW}),
                &[("/current_password", "required")][..],
            ),
            (
                json!({"current_password": PASSWORD}),
                &[("/new_email", "required")],
            ),
            (
                json!({"new_email": "x", "current_password": PASSWORD}),
                &[("/new_email", "invalid_email")],
            ),
            (
                json!({"new_email": [NEW, BOB], "current_password": PASSWORD, "roles": 1}),
                &[("/new_email", "wrong_type"), ("/roles", "unknown_member")],
            ),
        ] {
            let reply = ask(&app, &tokens, body).await;
            reply.violations("validation_failed", violations);
        }
        let reply = app.post("/users/me/email", json!({"new_email": NEW})).await;
        reply.problem(401, "unauthenticated");
        app.deliver().await;
        assert!(app.mailbox.mails().is_empty());
    }
}

#[tokio::test]
async fn an_account_without_a_password_shows_a_recent_sign_in() {
    for app in apps().await {
        let tokens = app.passwordless(ANN).await;
        let body = json!({"new_email": NEW});
        ask(&app, &tokens, body.clone()).await.expect(202);
        let token = link_to(&app, NEW).await;
        confirm(&app, &token).await.expect(204);
    }
}

#[tokio::test]
async fn a_change_is_void_after_the_credentials_change() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        request(&app, &tokens, NEW).await;
        let link = link_to(&app, NEW).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, "another good passphrase")
            .await
            .expect(204);
        confirm(&app, &link).await.problem(400, "invalid_token");
        let reply = app.try_login(ANN, "another good passphrase").await;
        reply.expect(200);

        // A change of the address voids a reset link.
        let tokens = app.join(BOB).await;
        request(&app, &tokens, "bob@example.net").await;
        let link = link_to(&app, "bob@example.net").await;
        let reset = app.reset_token(BOB).await;
        confirm(&app, &link).await.expect(204);
        app.reset(&reset, PASSWORD)
            .await
            .problem(400, "invalid_token");
    }
}

#[tokio::test]
async fn a_link_lives_a_day() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        request(&app, &tokens, NEW).await;
        let token = link_to(&app, NEW).await;
        app.advance(86_400);
        confirm(&app, &token).await.problem(400, "invalid_token");
        app.login(ANN).await;
    }
}
