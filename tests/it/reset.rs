//! `POST /auth/forgot-password` and `/auth/reset-password`.

use std::time::Duration;

use hallpass::{
    token::{NewOneTimeToken, Purpose},
    user::UserStatus,
};
use serde_json::json;

use crate::support::{
    app::{App, app_with, apps, apps_with, race, token_in, unhurried, user_id},
    http::{JSON, PASSWORD, request},
};

const ANN: &str = "ann@example.org";
const NEW: &str = "another good passphrase";

async fn assert_spent(app: &App, token: &str) {
    let reply = app.reset(token, NEW).await;
    reply.problem(400, "invalid_token");
}

#[tokio::test]
async fn a_mailed_token_sets_a_new_password_and_ends_every_session() {
    for app in apps().await {
        let (here, there) = (app.join(ANN).await, app.login(ANN).await);
        let bob = app.join("bob@example.org").await;
        let token = app.reset_token(ANN).await;
        let reply = app.reset(&token, NEW).await.expect(204);
        assert_eq!(reply.text(), "");
        for tokens in [here, there] {
            app.me(&tokens.access)
                .await
                .problem(401, "invalid_access_token");
            let reply = app.refresh(&tokens.refresh).await;
            reply.problem(401, "invalid_refresh_token");
        }
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        let tokens = app.try_login(ANN, NEW).await.tokens();
        let me = app.me(&tokens.access).await.expect(200).json();
        assert_eq!(me["email_verified"], true);
        app.me(&bob.access).await.expect(200);
        assert_spent(&app, &token).await;
    }
}

#[tokio::test]
async fn a_request_reveals_nothing_about_the_address() {
    for app in apps().await {
        app.settled(ANN).await;
        let gone = app.settled("gone@example.org").await;
        app.mailbox.clear();
        app.set_status(gone["id"].as_str().unwrap(), UserStatus::Disabled)
            .await;
        let mut replies = Vec::new();
        for email in [ANN, "nobody@example.org", "gone@example.org"] {
            let body = json!({"email": email});
            let reply = app.post("/auth/forgot-password", body).await.expect(202);
            assert_eq!(reply.text(), "");
            replies.push(reply.timeless());
        }
        assert_eq!(replies[0], replies[1]);
        assert_eq!(replies[0], replies[2]);
        // Each request is an intent, but only one of them has a recipient.
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 3);
        let mails = app.mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to().as_str(), ANN);
    }
}

#[tokio::test]
async fn the_mail_goes_to_the_stored_address() {
    for app in apps().await {
        app.settled("Zo\u{eb}@b\u{fc}cher.example").await;
        for submitted in [
            "zoe\u{308}@XN--BCHER-KVA.example",
            "ZO\u{cb}@BU\u{308}CHER.EXAMPLE",
        ] {
            app.mailbox.clear();
            app.advance(1);
            app.reset_token(submitted).await;
            let mails = app.mailbox.mails();
            assert_eq!(mails[0].to().as_str(), "Zo\u{eb}@b\u{fc}cher.example");
        }
    }
}

#[tokio::test]
async fn links_are_built_from_configuration_alone() {
    for app in apps().await {
        app.settled(ANN).await;
        let body = json!({"email": ANN}).to_string();
        let forged = "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\n\
            X-Original-Host: evil.example\r\nForwarded: host=evil.example;proto=gopher\r\n\
            Origin: https://evil.example\r\nReferer: https://evil.example/\r\n";
        let line = "POST /auth/forgot-password";
        let ordinary = request(line, &format!("{JSON}{forged}"), body.as_bytes());
        let absolute = "POST http://evil.example/auth/forgot-password";
        let host = String::from_utf8(request(absolute, JSON, body.as_bytes())).unwrap();
        let host = host.replace("Host: x", "Host: evil.example").into_bytes();
        for bytes in [ordinary, host] {
            app.raw(&bytes).await.expect(202);
            app.auth.deliver_mail().await.unwrap();
            let mail = app.mailbox.last_to(ANN).unwrap();
            for text in [mail.text(), mail.html(), mail.subject()] {
                assert!(!text.contains("evil") && !text.contains("gopher"), "{text}");
            }
            token_in(mail.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_a_hundred_parallel_resets_wins() {
    for app in apps_with(unhurried).await {
        app.register(ANN).await;
        let (client, token) = (*app, app.reset_token(ANN).await);
        let replies = race(100, move |index| {
            let token = token.clone();
            async move {
                let password = format!("passphrase number {index}");
                (index, client.reset(&token, &password).await)
            }
        })
        .await;
        let mut winners = Vec::new();
        for (index, reply) in replies {
            match reply.status {
                204 => winners.push(index),
                _ => drop(reply.problem(400, "invalid_token")),
            }
        }
        assert_eq!(winners.len(), 1, "{}", app.name);
        let password = format!("passphrase number {}", winners[0]);
        app.try_login(ANN, &password).await.expect(200);
    }
}

#[tokio::test]
async fn a_password_that_is_refused_does_not_spend_the_token() {
    for app in apps().await {
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        for (password, code) in [
            ("short", "too_short"),
            ("password1", "common_password"),
            ("ann@example.org", "contains_address"),
            (&"x".repeat(257), "too_long"),
        ] {
            let reply = app.reset(&token, password).await;
            reply.violations("weak_password", &[("/new_password", code)]);
        }
        let body = json!({"token": token, "new_password": "nul\0 in the middle"});
        let reply = app.post("/auth/reset-password", body).await;
        reply.violations(
            "validation_failed",
            &[("/new_password", "control_character")],
        );
        app.login(ANN).await;
        app.reset(&token, NEW).await.expect(204);
    }
}

#[tokio::test]
async fn tokens_that_are_not_live_are_refused_alike() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let live = app.reset_token(ANN).await;
        let mut edited = live.clone();
        edited.replace_range(10..11, if &live[10..11] == "A" { "B" } else { "A" });
        let mut replies = Vec::new();
        for token in [
            "",
            "x",
            "\0",
            "\u{1f600}",
            &edited,
            &live[1..],
            &format!("{live} "),
            &tokens.access,
            &tokens.refresh,
            &"x".repeat(10_000),
        ] {
            let reply = app.reset(token, NEW).await;
            replies.push(reply.problem(400, "invalid_token").timeless());
            // A weak password reveals nothing about tokens.
            assert_eq!(app.reset(token, "weak").await.status, 400);
        }
        app.reset(&live, NEW).await.expect(204);
        let used = app.reset(&live, NEW).await;
        replies.push(used.problem(400, "invalid_token").timeless());
        let expired = app.reset_token(ANN).await;
        app.advance(1800);
        let expired = app.reset(&expired, NEW).await;
        replies.push(expired.problem(400, "invalid_token").timeless());
        assert!(replies.iter().all(|reply| *reply == replies[0]));

        for (body, pointer, code) in [
            (json!({"new_password": NEW}), "/token", "required"),
            (
                json!({"token": 7, "new_password": NEW}),
                "/token",
                "wrong_type",
            ),
            (json!({"token": "x"}), "/new_password", "required"),
        ] {
            let reply = app.post("/auth/reset-password", body).await;
            reply.violations("validation_failed", &[(pointer, code)]);
        }
    }
}

#[tokio::test]
async fn a_token_works_until_it_expires() {
    for app in apps().await {
        app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        app.clock
            .advance(Duration::from_secs(1800) - Duration::from_micros(1));
        app.reset(&token, NEW).await.expect(204);
    }
}

#[tokio::test]
async fn a_newer_token_replaces_the_older() {
    for app in apps().await {
        app.register(ANN).await;
        let older = app.reset_token(ANN).await;
        app.advance(1);
        let newer = app.reset_token(ANN).await;
        assert_ne!(older, newer);
        assert_spent(&app, &older).await;
        app.reset(&newer, NEW).await.expect(204);
    }
}

#[tokio::test]
async fn a_token_of_another_purpose_is_refused() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let token = NewOneTimeToken {
            digests: vec![hallpass::secret::TokenDigest::of("hp_ot_verify")],
            purpose: Purpose::VerifyEmail,
            user_id: user_id(&id),
            address: ANN.parse().unwrap(),
            credential_version: 0,
            intent: hallpass::mail::IntentId::new(app.now()),
            letter: hallpass::mail::LetterKind::ResetPassword,
            created_at: app.now(),
            expires_at: app.now() + Duration::from_secs(3600),
        };
        app.store().issue_one_time(&token).await.unwrap();
        assert_spent(&app, "hp_ot_verify").await;
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn a_token_is_void_after_the_credentials_change() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let token = app.reset_token(ANN).await;
        let access = app.login(ANN).await.access;
        app.logout_all(&access).await.expect(204);
        assert_spent(&app, &token).await;

        app.advance(1);
        let token = app.reset_token(ANN).await;
        app.set_status(&id, UserStatus::Disabled).await;
        assert_spent(&app, &token).await;
        app.set_status(&id, UserStatus::Active).await;
        assert_spent(&app, &token).await;
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn a_disabled_account_stays_disabled_and_gets_no_mail() {
    for app in apps().await {
        let id = app.settled(ANN).await["id"].as_str().unwrap().to_owned();
        app.mailbox.clear();
        app.set_status(&id, UserStatus::Disabled).await;
        app.forgot(ANN).await;
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 1);
        assert!(app.mailbox.mails().is_empty());
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(403, "account_disabled");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_does_not_survive_a_concurrent_reset() {
    for app in apps_with(unhurried).await {
        let caller = app.join(ANN).await;
        let (client, token) = (*app, app.reset_token(ANN).await);
        let replies = race(30, move |index| {
            let (token, refresh) = (token.clone(), caller.refresh.clone());
            async move {
                match index % 10 {
                    0 if index == 10 => client.reset(&token, NEW).await,
                    0..5 => client.refresh(&refresh).await,
                    _ => client.try_login(ANN, PASSWORD).await,
                }
            }
        })
        .await;
        for reply in replies {
            match reply.status {
                // The tokens were issued before the reset, and are void now.
                200 => {
                    let tokens = reply.tokens();
                    let me = app.me(&tokens.access).await;
                    me.problem(401, "invalid_access_token");
                    let next = app.refresh(&tokens.refresh).await;
                    next.problem(401, "invalid_refresh_token");
                }
                401 => {}
                _ => drop(reply.expect(204)),
            }
        }
        app.try_login(ANN, NEW).await.expect(200);
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_reset_link_has_the_configured_lifetime() {
    let app = app_with(|builder| builder.reset_lifetime(Duration::from_secs(60))).await;
    app.register(ANN).await;
    let token = app.reset_token(ANN).await;
    app.advance(60);
    assert_spent(&app, &token).await;
    // GET spends nothing, because the endpoint does not support GET.
    let reply = app.ask("GET /auth/reset-password", "", b"").await;
    let reply = reply.problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("POST"));
}
