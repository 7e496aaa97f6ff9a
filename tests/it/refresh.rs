//! `POST /auth/refresh`.

use std::{collections::HashSet, time::Duration};

use hallpass::{AuthBuilder, Secrets, secret::Secret, token::TokenLifetimes, user::UserStatus};
use serde_json::json;

use crate::support::{
    app::{App, apps, apps_with, race, unhurried},
    http::{JSON, Tokens},
};

const ANN: &str = "ann@example.org";

fn lifetimes(set: impl Fn(&mut TokenLifetimes)) -> impl Fn(AuthBuilder) -> AuthBuilder {
    move |builder| {
        let mut lifetimes = TokenLifetimes::default();
        set(&mut lifetimes);
        builder.lifetimes(lifetimes)
    }
}

async fn rotate(app: &App, tokens: &Tokens) -> Tokens {
    let next = app.refresh(&tokens.refresh).await.tokens();
    assert_eq!(next.session, tokens.session);
    assert_ne!(next.refresh, tokens.refresh);
    next
}

/// Checks that every token of a session is refused.
async fn assert_over(app: &App, tokens: &Tokens) {
    let reply = app.refresh(&tokens.refresh).await;
    reply.problem(401, "invalid_refresh_token");
    let reply = app.me(&tokens.access).await;
    reply.problem(401, "invalid_access_token");
}

#[tokio::test]
async fn each_refresh_token_is_exchanged_for_the_next() {
    for app in apps().await {
        let mut tokens = app.join(ANN).await;
        for _ in 0..5 {
            app.advance(60);
            let reply = app.refresh(&tokens.refresh).await.expect(200);
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert_eq!(reply.json()["expires_in"], 600);
            assert_eq!(reply.json()["refresh_expires_in"], 1_209_600);
            let next = reply.tokens();
            assert_eq!(next.session, tokens.session);
            assert_ne!(next.refresh, tokens.refresh);
            app.me(&next.access).await.expect(200);
            // The older access token is valid until it expires, because its session is the same.
            app.me(&tokens.access).await.expect(200);
            tokens = next;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_parallel_refreshes_give_one_successor() {
    for app in apps_with(unhurried).await {
        let tokens = app.join(ANN).await;
        let (client, token) = (*app, tokens.refresh.clone());
        let replies = race(100, move |_| {
            let token = token.clone();
            async move { client.refresh(&token).await }
        })
        .await;
        let successors: HashSet<String> = replies
            .into_iter()
            .map(|reply| reply.tokens().refresh)
            .collect();
        assert_eq!(successors.len(), 1, "{}", app.name);
        let successor = successors.into_iter().next().unwrap();
        app.refresh(&successor).await.expect(200);
    }
}

#[tokio::test]
async fn a_retry_within_grace_gets_the_same_successor() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let next = rotate(&app, &tokens).await;
        // The grace is 30 s, plus the request timeout of 10 s.
        for seconds in [0, 39, 1] {
            app.advance(seconds);
            let again = app.refresh(&tokens.refresh).await.tokens();
            assert_eq!(again.refresh, next.refresh);
            app.me(&again.access).await.expect(200);
        }
        // A call is also within grace if the clock runs behind.
        app.clock.rewind(Duration::from_secs(60));
        let again = app.refresh(&tokens.refresh).await.tokens();
        assert_eq!(again.refresh, next.refresh);
        app.advance(60);
        rotate(&app, &next).await;
    }
}

#[tokio::test]
async fn a_clock_jump_by_the_grace_is_not_a_theft() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let next = rotate(&app, &tokens).await;
        // The client waits for the whole request timeout while the clock jumps.
        app.advance(10);
        app.advance(30);
        let again = app.refresh(&tokens.refresh).await.tokens();
        assert_eq!(again.refresh, next.refresh);
    }
}

#[tokio::test]
async fn a_used_token_after_grace_ends_the_session() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let other = app.login(ANN).await;
        let next = rotate(&app, &tokens).await;
        app.clock.advance(Duration::from_micros(40_000_001));
        let reply = app.refresh(&tokens.refresh).await;
        reply.problem(401, "refresh_token_reused");
        assert_over(&app, &next).await;
        assert_over(&app, &tokens).await;
        app.me(&other.access).await.expect(200);
        rotate(&app, &other).await;
    }
}

#[tokio::test]
async fn a_token_two_generations_old_is_theft_even_within_grace() {
    for app in apps().await {
        let first = app.join(ANN).await;
        let second = rotate(&app, &first).await;
        let third = rotate(&app, &second).await;
        let reply = app.refresh(&first.refresh).await;
        reply.problem(401, "refresh_token_reused");
        assert_over(&app, &third).await;
        assert_over(&app, &second).await;
    }
}

#[tokio::test]
async fn a_second_use_without_grace_is_theft() {
    let none = lifetimes(|lifetimes| lifetimes.refresh_grace = Duration::ZERO);
    for app in apps_with(none).await {
        let first = app.join(ANN).await;
        let second = rotate(&app, &first).await;
        let reply = app.refresh(&first.refresh).await;
        reply.problem(401, "refresh_token_reused");
        assert_over(&app, &second).await;
    }
}

#[tokio::test]
async fn a_session_that_is_not_refreshed_ends() {
    let hour = lifetimes(|lifetimes| {
        lifetimes.access = Duration::from_secs(3600);
        lifetimes.session_idle = Duration::from_secs(1800);
    });
    for app in apps_with(hour).await {
        let first = app.join(ANN).await;
        app.advance(1799);
        let second = rotate(&app, &first).await;
        app.advance(1799);
        app.me(&second.access).await.expect(200);
        app.advance(1);
        assert_over(&app, &second).await;
    }
}

#[tokio::test]
async fn a_session_ends_despite_refreshes() {
    let day = lifetimes(|lifetimes| {
        lifetimes.session_idle = Duration::from_secs(3000);
        lifetimes.session_max = Duration::from_secs(7200);
    });
    for app in apps_with(day).await {
        let mut tokens = app.join(ANN).await;
        for left in [3000, 3000, 1800] {
            app.advance(1800);
            let reply = app.refresh(&tokens.refresh).await.expect(200);
            assert_eq!(reply.json()["refresh_expires_in"], left);
            tokens = reply.tokens();
        }
        app.advance(1799);
        app.me(&tokens.access)
            .await
            .problem(401, "invalid_access_token");
        tokens = rotate(&app, &tokens).await;
        app.me(&tokens.access).await.expect(200);
        app.advance(1);
        assert_over(&app, &tokens).await;
    }
}

#[tokio::test]
async fn used_tokens_stay_used_over_a_restart() {
    for app in apps().await {
        let first = app.join(ANN).await;
        let second = rotate(&app, &first).await;
        let restarted = app.another(|builder| builder).await;
        let again = restarted.refresh(&first.refresh).await.tokens();
        assert_eq!(again.refresh, second.refresh);
        app.advance(41);
        let reply = restarted.refresh(&first.refresh).await;
        reply.problem(401, "refresh_token_reused");
        assert_over(&restarted, &second).await;
    }
}

#[tokio::test]
async fn sessions_outlive_a_change_of_the_secret() {
    for app in apps().await {
        let first = app.join(ANN).await;
        let new = Secret::generate();
        let (fresh, old) = (new.clone(), app.secret.clone());
        let both = move |builder: AuthBuilder| {
            let secrets = Secrets::new(fresh.clone(), vec![old.clone()]);
            builder.secrets(secrets.unwrap())
        };
        let rotated = app.another(both).await;
        rotated.me(&first.access).await.expect(200);
        let second = rotate(&rotated, &first).await;
        assert_eq!(
            rotated.refresh(&first.refresh).await.tokens().refresh,
            second.refresh
        );

        // An instance with only the old secret refuses tokens of the new one.
        app.refresh(&second.refresh)
            .await
            .problem(401, "invalid_refresh_token");
        app.me(&second.access)
            .await
            .problem(401, "invalid_access_token");

        let dropped = app
            .another(move |builder| builder.secrets(new.clone()))
            .await;
        dropped
            .refresh(&first.refresh)
            .await
            .problem(401, "invalid_refresh_token");
        dropped
            .me(&first.access)
            .await
            .problem(401, "invalid_access_token");
        rotate(&dropped, &second).await;
    }
}

#[tokio::test]
async fn an_old_instance_and_a_new_one_share_one_successor() {
    for app in apps().await {
        let new = Secret::generate();
        let with = |first: &Secret, second: &Secret| {
            Secrets::new(first.clone(), vec![second.clone()]).unwrap()
        };
        // Both instances know both secrets, but in a different order, as during a rollout.
        let (old_first, new_first) = (with(&app.secret, &new), with(&new, &app.secret));
        let old = app
            .another(|builder| builder.secrets(old_first.clone()))
            .await;
        let young = app
            .another(|builder| builder.secrets(new_first.clone()))
            .await;
        let first = app.join(ANN).await;
        let second = rotate(&old, &first).await;
        let retried = young.refresh(&first.refresh).await.tokens();
        assert_eq!(retried.refresh, second.refresh);
        let third = rotate(&young, &second).await;
        rotate(&old, &third).await;
    }
}

#[tokio::test]
async fn a_foreign_refresh_token_is_401() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let stranger = app
            .another(|builder| builder.secrets(Secret::generate()))
            .await;
        let foreign = stranger.login(ANN).await;
        let token = &tokens.refresh;
        let mut wrong = vec![
            String::new(),
            "hp_rt_".to_owned(),
            "x".to_owned(),
            "hp_rt_AAAA".to_owned(),
            "\0".to_owned(),
            "\r\n".to_owned(),
            "\u{1f600}".to_owned(),
            " ".repeat(100),
            "x".repeat(10_000),
            format!("hp_rt_{}", "A".repeat(98)),
            format!("hp_rt_{}", "A".repeat(10_000)),
            tokens.access.clone(),
            foreign.refresh,
            token[..token.len() - 1].to_owned(),
            token[..20].to_owned(),
            token["hp_rt_".len()..].to_owned(),
            token.to_uppercase(),
            format!("{token}="),
            format!("{token}A"),
            format!(" {token}"),
            format!("{token}\n"),
            token.repeat(2),
        ];
        for index in (0..token.len()).step_by(7).chain([token.len() - 1]) {
            let mut edited = token.clone().into_bytes();
            edited[index] = if edited[index] == b'A' { b'B' } else { b'A' };
            wrong.push(String::from_utf8(edited).unwrap());
        }
        for token in &wrong {
            let reply = app.refresh(token).await;
            reply.problem(401, "invalid_refresh_token");
        }
        // The session is still live.
        rotate(&app, &tokens).await;
    }
}

#[tokio::test]
async fn the_body_must_have_the_right_shape() {
    for app in apps().await {
        for (body, pointer, code) in [
            (json!({}), "/refresh_token", "required"),
            (json!({"refresh_token": null}), "/refresh_token", "required"),
            (json!({"refresh_token": 7}), "/refresh_token", "wrong_type"),
            (
                json!({"refresh_token": ["x"]}),
                "/refresh_token",
                "wrong_type",
            ),
            (
                json!({"refresh_token": "x", "scope": ""}),
                "/scope",
                "unknown_member",
            ),
        ] {
            let reply = app.post("/auth/refresh", body).await;
            reply.violations("validation_failed", &[(pointer, code)]);
        }
        let twice = br#"{"refresh_token":"a","refresh_token":"b"}"#;
        let reply = app.ask("POST /auth/refresh", JSON, twice).await;
        reply.problem(400, "malformed_body");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_wins_against_refreshes_in_flight() {
    for app in apps_with(unhurried).await {
        let tokens = app.join(ANN).await;
        let (client, token) = (*app, tokens.refresh.clone());
        let replies = race(40, move |index| {
            let token = token.clone();
            async move {
                if index == 20 {
                    client.logout(&token).await
                } else {
                    client.refresh(&token).await
                }
            }
        })
        .await;
        for reply in replies {
            match reply.status {
                204 => {}
                // The tokens of a refresh that was running are void now.
                200 => assert_over(&app, &reply.tokens()).await,
                _ => drop(reply.problem(401, "invalid_refresh_token")),
            }
        }
        assert_over(&app, &tokens).await;
    }
}

#[tokio::test]
async fn a_disabled_account_loses_its_sessions_for_good() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let first = app.login(ANN).await;
        let second = rotate(&app, &first).await;
        app.set_status(&id, UserStatus::Disabled).await;
        assert_over(&app, &first).await;
        assert_over(&app, &second).await;
        app.set_status(&id, UserStatus::Active).await;
        assert_over(&app, &second).await;
    }
}

#[tokio::test]
async fn a_role_change_is_in_the_next_access_token() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let first = app.login(ANN).await;
        app.set_roles(&id, "admin user").await;
        let second = rotate(&app, &first).await;
        let claims = app.auth.verify(&second.access.into()).unwrap();
        assert_eq!(claims.roles().to_string(), "admin user");
    }
}
