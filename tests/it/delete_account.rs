//! `DELETE /users/me`.

use hallpass::{
    ErrorKind,
    event::{ClientInfo, EventFilter, EventKind},
    secret::AccessToken,
};
use serde_json::{Value, json};

use crate::support::{
    app::{App, apps, race, user_id},
    http::{PASSWORD, Reply, Tokens},
};

const ANN: &str = "ann@example.org";
const NEW: &str = "another long password";

async fn delete(app: &App, access: &str, current: &str) -> Reply {
    let body = json!({"current_password": current});
    app.send("DELETE /users/me", access, body).await
}

async fn is_dead(app: &App, tokens: &Tokens) {
    for line in [
        "GET /users/me",
        "DELETE /users/me",
        "GET /users/me/sessions",
    ] {
        let reply = app.send(line, &tokens.access, json!({})).await;
        reply.problem(401, "invalid_access_token");
    }
    let reply = app.refresh(&tokens.refresh).await;
    reply.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_its_address_free() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let (here, there) = (app.login(ANN).await, app.login(ANN).await);
        let bob = app.join("bob@example.org").await;
        let reset = app.reset_token(ANN).await;
        let reply = delete(&app, &here.access, PASSWORD).await.expect(204);
        assert_eq!(reply.text(), "");
        for tokens in [&here, &there] {
            is_dead(&app, tokens).await;
        }
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        app.reset(&reset, NEW).await.problem(400, "invalid_token");
        app.me(&bob.access).await.expect(200);

        let filter = EventFilter {
            user_id: Some(user_id(&id)),
            kind: Some(EventKind::AccountDeleted),
        };
        let events = app.store().list_events(&filter, None, 50).await.unwrap();
        assert_eq!(events.len(), 1, "{}", app.name);
        assert_eq!(events[0].actor_id, Some(user_id(&id)));

        let again = app.register(&ANN.to_uppercase()).await;
        assert_ne!(again["id"], id);
        is_dead(&app, &here).await;
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn a_deletion_needs_the_right_password() {
    for app in apps().await {
        let access = app.join(ANN).await.access;
        app.join("bob@example.org").await;
        for current in ["wrong password", "", NEW] {
            let reply = delete(&app, &access, current).await;
            reply.problem(401, "invalid_credentials");
        }
        let required = &[("/current_password", "required")][..];
        for (body, violations) in [
            (json!({}), required),
            (json!({"current_password": null}), required),
            (
                json!({"current_password": 1}),
                &[("/current_password", "wrong_type")],
            ),
            (
                json!({"current_password": PASSWORD, "id": "x"}),
                &[("/id", "unknown_member")],
            ),
        ] {
            let reply = app.send("DELETE /users/me", &access, body).await;
            reply.violations("validation_failed", violations);
        }
        let headers = format!("Authorization: Bearer {access}\r\n");
        let reply = app.ask("DELETE /users/me", &headers, b"").await;
        reply.problem(415, "unsupported_media_type");
        let reply = app.ask("DELETE /users/me", "", b"").await;
        reply.problem(401, "unauthenticated");
        app.me(&access).await.expect(200);
    }
}

#[tokio::test]
async fn an_account_without_a_password_shows_a_recent_sign_in() {
    for app in apps().await {
        let tokens = app.passwordless(ANN).await;
        delete(&app, &tokens.access, PASSWORD)
            .await
            .problem(401, "invalid_credentials");
        app.advance(600);
        let tokens = app.refresh(&tokens.refresh).await.tokens();
        let reply = app
            .send("DELETE /users/me", &tokens.access, json!({}))
            .await;
        reply.problem(403, "reauthentication_required");
        app.me(&tokens.access).await.expect(200);

        let tokens = app.passwordless("fresh@example.org").await;
        app.advance(597);
        let reply = app
            .send("DELETE /users/me", &tokens.access, json!({}))
            .await;
        reply.expect(204);
        is_dead(&app, &tokens).await;
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    for app in apps().await {
        let access = app.administrator().await;
        let reply = delete(&app, &access, "wrong password").await;
        reply.problem(401, "invalid_credentials");
        delete(&app, &access, PASSWORD)
            .await
            .problem(409, "last_admin");
        app.me(&access).await.expect(200);
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        app.set_roles(&id, "admin user").await;
        delete(&app, &access, PASSWORD).await.expect(204);
        let access = app.login(ANN).await.access;
        delete(&app, &access, PASSWORD)
            .await
            .problem(409, "last_admin");
    }
}

/// Several administrators delete themselves at once, and one of them has to stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_leaving_administrators_stays() {
    for app in apps().await {
        let mut all = Vec::new();
        for index in 0..4 {
            let email = format!("admin{index}@example.org");
            all.push(app.administrator_at(&email).await);
        }
        let client = *app;
        let replies = race(4, |index| {
            let access = all[index].clone();
            async move {
                let body = json!({"current_password": PASSWORD});
                client.send("DELETE /users/me", &access, body).await
            }
        })
        .await;
        let count = |status: u16| {
            replies
                .iter()
                .filter(|reply| reply.status == status)
                .count()
        };
        assert_eq!((count(204), count(409)), (3, 1), "{replies:?}");
    }
}

/// A call that was authenticated just before the deletion gets the same answer as a later one.
#[tokio::test]
async fn an_account_deleted_during_a_call_is_not_a_wrong_password() {
    for app in apps().await {
        let access = app.join(ANN).await.access;
        let token = AccessToken::from(access.as_str());
        let caller = app.auth.current_user(&token).await.unwrap();
        delete(&app, &access, PASSWORD).await.expect(204);
        let (accounts, client) = (app.auth.accounts(), ClientInfo::default());
        let password = PASSWORD.into();
        let deleted = accounts.delete(&caller, Some(&password), &client);
        let shown = accounts.reauthenticate(&caller, &password, &client);
        let (new, current) = (NEW.into(), Some(&password));
        let changed = accounts.change_password(&caller, current, &new, &client);
        for outcome in [
            deleted.await,
            shown.await.map(drop),
            changed.await.map(drop),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidAccessToken);
        }
    }
}

/// If a new password is set during the call, the account is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_loses_against_an_earlier_new_password() {
    for app in apps().await {
        for round in 0..6 {
            let email = format!("ann{round}@example.org");
            app.register(&email).await;
            let (here, there) = (app.login(&email).await, app.login(&email).await);
            let reset = app.reset_token(&email).await;
            let client = *app;
            let (own, other) = (here.clone(), there.clone());
            let replies = race(2, move |index| {
                let (here, there, reset) = (own.clone(), other.clone(), reset.clone());
                async move {
                    let send = async |line: &str, access: &str, body: Value| {
                        client.send(line, access, body).await
                    };
                    match (index, round % 2) {
                        (0, _) => {
                            let body = json!({"current_password": PASSWORD});
                            send("DELETE /users/me", &here.access, body).await
                        }
                        (_, 0) => client.reset(&reset, NEW).await,
                        _ => {
                            let body = json!({"current_password": PASSWORD, "new_password": NEW});
                            send("POST /users/me/password", &there.access, body).await
                        }
                    }
                }
            })
            .await;
            let [deleted, changed] = [0, 1].map(|index: usize| replies[index].status == 204);
            assert!(deleted != changed, "{replies:?}");
            let status = app.try_login(&email, NEW).await.status;
            assert_eq!(status, if changed { 200 } else { 401 });
            is_dead(&app, &here).await;
        }
    }
}
