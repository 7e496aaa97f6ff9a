//! `GET /users/me` and bearer tokens.

use std::time::Duration;

use hallpass::{secret::Secret, token::TokenLifetimes, user::UserStatus};

use crate::support::app::{apps, apps_with};

const ANN: &str = "ann@example.org";

#[tokio::test]
async fn a_user_reads_their_own_account() {
    for app in apps().await {
        let registered = app.register(ANN).await;
        let access = app.login(ANN).await.access;
        let reply = app.me(&access).await.expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let mut me = reply.json();
        assert_eq!(me["last_login_at"], registered["created_at"]);
        me["last_login_at"] = serde_json::Value::Null;
        assert_eq!(me, registered);

        let headers = format!("Authorization: bearer {access}\r\n");
        let head = app.ask("HEAD /users/me", &headers, b"").await.expect(200);
        assert_eq!(head.text(), "");
        assert_eq!(
            head.header("content-length"),
            Some(reply.body.len().to_string().as_str())
        );
    }
}

#[tokio::test]
async fn the_challenge_names_no_error_without_a_bearer_token() {
    for app in apps().await {
        for headers in [
            "",
            "Authorization: Basic YW5uOnB3\r\n",
            "Authorization: \r\n",
            "Authorization: Token x\r\n",
            "Cookie: access_token=x\r\n",
            "X-Authorization: Bearer x\r\n",
        ] {
            let reply = app.ask("GET /users/me", headers, b"").await;
            reply.problem(401, "unauthenticated");
        }
        let access = app.join(ANN).await.access;
        let line = format!("GET /users/me?access_token={access}");
        let reply = app.ask(&line, "", b"").await;
        reply.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_foreign_access_token_is_401() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let reset = app.reset_token(ANN).await;
        let stranger = app
            .another(|builder| builder.secrets(Secret::generate()))
            .await;
        let foreign = stranger.login(ANN).await.access;
        let audience = app.another(|builder| builder.audience("other")).await;
        let audience = audience.login(ANN).await.access;
        let issuer = app
            .another(|builder| builder.public_url("https://evil.example"))
            .await;
        let issuer = issuer.login(ANN).await.access;
        let access = &tokens.access;
        let (head, signature) = access.rsplit_once('.').unwrap();
        let (header, claims) = head.split_once('.').unwrap();
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
        for token in [
            "x",
            "..",
            "a.b.c",
            &reset,
            &tokens.refresh,
            &foreign,
            &audience,
            &issuer,
            &format!("{head}."),
            &format!("{none}.{claims}."),
            &format!("{none}.{claims}.{signature}"),
            &format!("{header}.{signature}.{claims}"),
            &access[1..],
            &access[..access.len() - 1],
            &format!("{access}="),
            &format!("{access}.{signature}"),
            &".".repeat(9_000),
            &"x".repeat(20_000),
        ] {
            let reply = app.me(token).await;
            reply.problem(401, "invalid_access_token");
        }
        for index in (0..access.len()).step_by(11) {
            let mut edited = access.clone().into_bytes();
            edited[index] = if edited[index] == b'A' { b'B' } else { b'A' };
            let edited = String::from_utf8(edited).unwrap();
            let reply = app.me(&edited).await;
            reply.problem(401, "invalid_access_token");
        }
        app.me(access).await.expect(200);
    }
}

#[tokio::test]
async fn more_than_one_authorization_header_is_401() {
    for app in apps().await {
        let access = app.join(ANN).await.access;
        let good = format!("Authorization: Bearer {access}\r\n");
        for headers in [
            good.repeat(2),
            format!("{good}Authorization: Basic eDp5\r\n"),
            format!("Authorization: Basic eDp5\r\n{good}"),
            format!("Authorization: Bearer {access}, Bearer {access}\r\n"),
            format!("Authorization: Bearer {access} x\r\n"),
            "Authorization: Bearer\r\n".to_owned(),
            "Authorization: Bearer \r\n".to_owned(),
        ] {
            let reply = app.ask("GET /users/me", &headers, b"").await;
            reply.problem(401, "invalid_access_token");
        }
    }
}

#[tokio::test]
async fn an_access_token_is_accepted_until_it_expires() {
    let short = |builder: hallpass::AuthBuilder| {
        builder.lifetimes(TokenLifetimes {
            access: Duration::from_secs(60),
            ..TokenLifetimes::default()
        })
    };
    for app in apps_with(short).await {
        let tokens = app.join(ANN).await;
        app.advance(58);
        app.me(&tokens.access).await.expect(200);
        app.advance(2);
        let reply = app.me(&tokens.access).await;
        reply.problem(401, "invalid_access_token");
        app.refresh(&tokens.refresh).await.expect(200);

        // The token was issued further in the future than the tolerated clock skew.
        let tokens = app.login(ANN).await;
        app.clock.rewind(Duration::from_secs(30));
        let restarted = app.another(short).await;
        let reply = restarted.me(&tokens.access).await;
        reply.problem(401, "invalid_access_token");
    }
}

#[tokio::test]
async fn a_change_of_the_account_shows_at_once() {
    for app in apps().await {
        // The last administrator cannot be demoted.
        app.administrator().await;
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let access = app.login(ANN).await.access;
        app.advance(1);
        app.set_roles(&id, "admin user").await;
        let me = app.me(&access).await.expect(200).json();
        assert_eq!(me["roles"], serde_json::json!(["admin", "user"]));
        assert_ne!(me["updated_at"], me["created_at"]);
        app.set_status(&id, UserStatus::Disabled).await;
        let reply = app.me(&access).await;
        reply.problem(401, "invalid_access_token");
    }
}
