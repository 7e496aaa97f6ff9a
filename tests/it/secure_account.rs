//! The link in notices, with which an owner secures the account.

use std::time::Duration;

use hallpass::{
    event::{EventFilter, EventKind},
    limit::{Budget, Rate, RateLimits},
};
use serde_json::{Value, json};

use crate::support::{
    app::{App, apps, apps_with, link_token, race, user_id},
    http::{PASSWORD, Reply, Tokens},
};

const ANN: &str = "ann@example.org";
const EVE: &str = "eve@example.net";
const NEW: &str = "another good passphrase";
const STOLEN: &str = "a passphrase of an intruder";
const DAY: u64 = 86_400;

async fn secure(app: &App, token: &str) -> Reply {
    app.post("/auth/secure-account", json!({"token": token}))
        .await
}

/// The token of the notice to this address that contains this text.
fn token_of(app: &App, email: &str, says: &str) -> String {
    let letters = app.letters(email, "/secure-account?");
    let mut letters = letters
        .iter()
        .filter(|letter| letter.replace('\n', " ").contains(says));
    let letter = letters.next_back().expect("a notice");
    link_token(letter, "secure-account")
}

async fn change_password(app: &App, access: &str, from: &str, to: &str) {
    let body = json!({"current_password": from, "new_password": to});
    let reply = app.send("POST /users/me/password", access, body);
    reply.await.expect(204);
    app.deliver().await;
}

/// Moves the account to the address of an intruder who knows the password.
async fn move_to_eve(app: &App, intruder: &Tokens) {
    let body = json!({"new_email": EVE, "current_password": PASSWORD});
    let reply = app.send("POST /users/me/email", &intruder.access, body);
    reply.await.expect(202);
    app.deliver().await;
    let letter = app.letter(EVE, "/confirm-email-change?");
    let token = link_token(&letter, "confirm-email-change");
    let body = json!({"token": token});
    let reply = app.post("/auth/confirm-email-change", body).await;
    reply.expect(204);
    app.deliver().await;
}

async fn details(app: &App, id: &Value) -> Vec<(Value, Value)> {
    let filter = EventFilter {
        user_id: Some(user_id(id.as_str().unwrap())),
        kind: Some(EventKind::AccountSecured),
    };
    let events = app.store().list_events(&filter, None, 10).await.unwrap();
    let events = events.iter().inspect(|event| {
        assert!(event.client.ip.is_some());
        assert_eq!(event.actor_id, None);
    });
    let detail =
        |name: &'static str| move |event: &hallpass::event::Event| event.detail[name].clone();
    events
        .map(|event| (detail("letter")(event), detail("reset_mailed")(event)))
        .collect()
}

#[tokio::test]
async fn the_owner_takes_the_account_back_from_an_intruder() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].clone();
        let (owner, intruder) = (app.login(ANN).await, app.login(ANN).await);
        app.deliver().await;
        change_password(&app, &intruder.access, PASSWORD, STOLEN).await;
        let token = token_of(&app, ANN, "was changed");
        // A second change voids no link.
        app.advance(61);
        change_password(&app, &intruder.access, STOLEN, PASSWORD).await;
        app.forgot(ANN).await;
        app.deliver().await;
        let earlier = link_token(&app.letter(ANN, "/reset-password?"), "reset-password");
        app.mailbox.clear();

        app.advance(1);
        let reply = secure(&app, &token).await.expect(200);
        assert_eq!(reply.json(), json!({"reset_mailed": true}));
        assert_eq!(
            details(&app, &id).await,
            [(json!("password_changed"), json!(true))]
        );
        for tokens in [&owner, &intruder] {
            app.me(&tokens.access).await.expect(401);
            app.refresh(&tokens.refresh).await.expect(401);
        }
        for password in [PASSWORD, STOLEN] {
            let reply = app.try_login(ANN, password).await;
            reply.problem(401, "invalid_credentials");
        }
        let reply = app.reset(&earlier, NEW).await;
        reply.problem(400, "invalid_token");
        app.deliver().await;
        let mails = app.letters(ANN, "");
        assert_eq!(mails.len(), 1, "{}: {mails:?}", app.name);
        let reset = link_token(&mails[0], "reset-password");
        app.reset(&reset, NEW).await.expect(204);
        app.try_login(ANN, NEW).await.expect(200);
    }
}

#[tokio::test]
async fn a_link_to_a_former_address_ends_sessions_and_mails_nothing() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].clone();
        app.deliver().await;
        let intruder = app.login(ANN).await;
        move_to_eve(&app, &intruder).await;
        let intruder = app.login(EVE).await;
        let token = token_of(&app, ANN, "of your Hallpass account was changed");
        app.mailbox.clear();
        let reply = secure(&app, &token).await.expect(200);
        assert_eq!(reply.json(), json!({"reset_mailed": false}));
        assert_eq!(
            details(&app, &id).await,
            [(json!("email_changed"), json!(false))]
        );
        app.me(&intruder.access).await.expect(401);
        app.deliver().await;
        for address in [ANN, EVE] {
            let mails = app.letters(address, "");
            assert!(mails.is_empty(), "{}: {mails:?}", app.name);
        }
        // Somebody who still reads mail at a former address must not lock the owner out.
        app.login(EVE).await;
        let used = secure(&app, &token).await;
        used.problem(400, "invalid_token");
    }
}

/// The address is compared when the link is used, not when the letter is written.
#[tokio::test]
async fn a_link_mailed_before_an_address_change_does_not_reach_the_new_address() {
    for app in apps().await {
        app.register(ANN).await;
        let intruder = app.login(ANN).await;
        app.deliver().await;
        change_password(&app, &intruder.access, PASSWORD, NEW).await;
        change_password(&app, &intruder.access, NEW, PASSWORD).await;
        let token = token_of(&app, ANN, "password");
        move_to_eve(&app, &intruder).await;
        app.mailbox.clear();
        let reply = secure(&app, &token).await.expect(200);
        assert_eq!(reply.json()["reset_mailed"], false);
        app.deliver().await;
        assert!(app.mailbox.mails().is_empty(), "{}", app.name);
    }
}

#[tokio::test]
async fn an_intruder_at_another_address_does_not_use_up_the_link_of_the_owner() {
    for app in apps().await {
        app.register(ANN).await;
        let intruder = app.login(ANN).await;
        app.deliver().await;
        move_to_eve(&app, &intruder).await;
        let owners = token_of(&app, ANN, "of your Hallpass account was changed");
        let intruder = app.login(EVE).await;
        change_password(&app, &intruder.access, PASSWORD, STOLEN).await;
        let theirs = token_of(&app, EVE, "was changed");
        secure(&app, &theirs).await.expect(200);
        secure(&app, &owners).await.expect(200);
    }
}

#[tokio::test]
async fn one_of_many_clicks_takes_effect() {
    for app in apps().await {
        app.register(ANN).await;
        let tokens = app.login(ANN).await;
        change_password(&app, &tokens.access, PASSWORD, NEW).await;
        let token = token_of(&app, ANN, "was changed");
        app.mailbox.clear();
        let clicks = race(8, |_| {
            let (client, token) = (*app, token.clone());
            async move {
                let body = json!({"token": token});
                client.post("/auth/secure-account", body).await.status
            }
        });
        let mut clicks = clicks.await;
        clicks.sort_unstable();
        assert_eq!(clicks, [200, 400, 400, 400, 400, 400, 400, 400]);
        assert_eq!(app.count_events(EventKind::AccountSecured).await, 1);
        app.deliver().await;
        assert_eq!(app.letters(ANN, "/reset-password?").len(), 1);
    }
}

#[tokio::test]
async fn a_link_ends_after_a_week_and_when_the_account_is_disabled() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].clone();
        let id = id.as_str().unwrap();
        let tokens = app.login(ANN).await;
        change_password(&app, &tokens.access, PASSWORD, NEW).await;
        let token = token_of(&app, ANN, "was changed");
        app.set_status(id, hallpass::user::UserStatus::Disabled)
            .await;
        let refused = secure(&app, &token).await;
        refused.problem(400, "invalid_token");
        app.set_status(id, hallpass::user::UserStatus::Active).await;
        app.advance(7 * DAY);
        let refused = secure(&app, &token).await;
        refused.problem(400, "invalid_token");
        app.try_login(ANN, NEW).await.expect(200);
        assert_eq!(app.count_events(EventKind::AccountSecured).await, 0);
    }
}

#[tokio::test]
async fn tokens_of_other_links_do_not_secure_an_account() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        app.deliver().await;
        let verify = link_token(&app.letter(ANN, "/verify-email?"), "verify-email");
        let reset = app.reset_token(ANN).await;
        change_password(&app, &tokens.access, PASSWORD, NEW).await;
        let token = token_of(&app, ANN, "was changed");
        for other in [verify.as_str(), &reset, "hp_ot_unknown", ""] {
            let refused = secure(&app, other).await;
            refused.problem(400, "invalid_token");
        }
        for path in ["verify-email", "unlock", "confirm-email-change"] {
            let path = format!("/auth/{path}");
            let reply = app.post(&path, json!({"token": token})).await;
            reply.problem(400, "invalid_token");
        }
        app.reset(&token, PASSWORD)
            .await
            .problem(400, "invalid_token");
        secure(&app, &token).await.expect(200);
    }
}

/// A forged token costs no password hash.
#[tokio::test]
async fn a_client_over_the_limit_is_refused() {
    let rate = Rate::per_minute(1).with_burst(2);
    let limits = RateLimits::none().per_client(Budget::Verify, rate);
    for app in apps_with(|builder| builder.rate_limits(limits)).await {
        for _ in 0..2 {
            secure(&app, "x").await.problem(400, "invalid_token");
        }
        secure(&app, "x").await.problem(429, "rate_limited");
        app.clock.advance(Duration::from_secs(60));
        secure(&app, "x").await.problem(400, "invalid_token");
    }
}
