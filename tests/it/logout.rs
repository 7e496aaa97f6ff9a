//! `POST /auth/logout` and `/auth/logout-all`.

use serde_json::json;

use crate::support::{
    app::{apps, apps_with, race, unhurried},
    http::{JSON, PASSWORD},
};

const ANN: &str = "ann@example.org";

#[tokio::test]
async fn logging_out_ends_the_session_at_once() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let other = app.login(ANN).await;
        let reply = app.logout(&tokens.refresh).await.expect(204);
        assert_eq!(reply.text(), "");
        app.me(&tokens.access)
            .await
            .problem(401, "invalid_access_token");
        let reply = app.refresh(&tokens.refresh).await;
        reply.problem(401, "invalid_refresh_token");
        app.me(&other.access).await.expect(200);
        app.refresh(&other.refresh).await.expect(200);
    }
}

#[tokio::test]
async fn logging_out_twice_succeeds() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let first = app.logout(&tokens.refresh).await.expect(204).timeless();
        for _ in 0..3 {
            let again = app.logout(&tokens.refresh).await.expect(204);
            assert_eq!(again.timeless(), first);
        }
    }
}

#[tokio::test]
async fn a_foreign_token_ends_nothing_and_succeeds() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let mut forged = tokens.refresh.clone();
        forged.pop();
        for token in ["", "x", "\0", &tokens.access, &forged, &"x".repeat(10_000)] {
            assert_eq!(app.logout(token).await.expect(204).text(), "");
        }
        app.me(&tokens.access).await.expect(200);
        for body in [
            json!({}),
            json!({"refresh_token": null}),
            json!({"refresh_token": 1}),
        ] {
            let reply = app.post("/auth/logout", body).await;
            reply.problem(422, "validation_failed");
        }
        let reply = app.ask("POST /auth/logout", JSON, b"").await;
        reply.problem(400, "malformed_body");
    }
}

#[tokio::test]
async fn every_generation_of_the_token_logs_out() {
    for app in apps().await {
        let first = app.join(ANN).await;
        let second = app.refresh(&first.refresh).await.tokens();
        let third = app.refresh(&second.refresh).await.tokens();
        app.advance(60);
        app.logout(&first.refresh).await.expect(204);
        app.me(&third.access)
            .await
            .problem(401, "invalid_access_token");
        let reply = app.refresh(&third.refresh).await;
        reply.problem(401, "invalid_refresh_token");
    }
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session_of_the_caller() {
    for app in apps().await {
        let (here, there) = (app.join(ANN).await, app.login(ANN).await);
        let bob = app.join("bob@example.org").await;
        let reply = app.logout_all(&here.access).await.expect(204);
        assert_eq!(reply.text(), "");
        for tokens in [&here, &there] {
            app.me(&tokens.access)
                .await
                .problem(401, "invalid_access_token");
            let reply = app.refresh(&tokens.refresh).await;
            reply.problem(401, "invalid_refresh_token");
        }
        let reply = app.logout_all(&here.access).await;
        reply.problem(401, "invalid_access_token");
        app.me(&bob.access).await.expect(200);
        let after = app.login(ANN).await;
        app.me(&after.access).await.expect(200);
    }
}

#[tokio::test]
async fn logging_out_everywhere_needs_a_live_session() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let reply = app.ask("POST /auth/logout-all", "", b"").await;
        reply.problem(401, "unauthenticated");
        for token in ["x", tokens.refresh.as_str()] {
            let reply = app.logout_all(token).await;
            reply.problem(401, "invalid_access_token");
        }
        app.logout(&tokens.refresh).await.expect(204);
        let reply = app.logout_all(&tokens.access).await;
        reply.problem(401, "invalid_access_token");
    }
}

/// A sign-in that was checked before the logout opens no session after it (I3): it is refused, its session is ended, or
/// it is answered after the logout began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_in_flight_end_with_or_follow_the_logout() {
    for app in apps_with(unhurried).await {
        let caller = app.join(ANN).await;
        let (client, access) = (*app, caller.access.clone());
        let replies = race(20, move |index| {
            let access = access.clone();
            async move {
                if index == 0 {
                    client.logout_all(&access).await
                } else {
                    client.try_login(ANN, PASSWORD).await
                }
            }
        })
        .await;
        for reply in replies {
            match reply.status {
                204 => {}
                200 => {
                    let tokens = reply.tokens();
                    let me = app.me(&tokens.access).await.status;
                    let refreshed = app.refresh(&tokens.refresh).await.status;
                    // The session is either fully live or fully ended.
                    assert!(matches!((me, refreshed), (200, 200) | (401, 401)));
                }
                _ => drop(reply.problem(401, "invalid_credentials")),
            }
        }
        let reply = app.me(&caller.access).await;
        reply.problem(401, "invalid_access_token");
        let after = app.login(ANN).await;
        app.me(&after.access).await.expect(200);
    }
}
