//! `GET /.well-known/jwks.json`, `/health/…`, `/openapi.json` and `/docs`.

use std::{sync::Arc, time::Instant};

use hallpass::{Secrets, secret::Secret, store::Store as _, token::SigningAlgorithm};
use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::{
    statements::counted,
    support::{
        app::{App, Framework, app_with, apps, race},
        db::{Database, TestStore},
        http::members_of,
    },
};

#[tokio::test]
async fn the_public_keys_are_published_one_for_each_secret() {
    for (algorithm, members) in [
        (
            SigningAlgorithm::EdDsa,
            &["alg", "crv", "kid", "kty", "use", "x"][..],
        ),
        (
            SigningAlgorithm::Es256,
            &["alg", "crv", "kid", "kty", "use", "x", "y"],
        ),
        (SigningAlgorithm::Hs256, &[]),
    ] {
        let secrets = Secrets::new(Secret::generate(), vec![Secret::generate()]).unwrap();
        let app = app_with(|builder| {
            builder
                .secrets(secrets.clone())
                .signing_algorithm(algorithm)
        })
        .await;
        let reply = app
            .ask("GET /.well-known/jwks.json", "", b"")
            .await
            .expect(200);
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let cache = reply.header("cache-control").unwrap();
        assert!(cache.starts_with("public, max-age="), "{cache}");
        let set = reply.json();
        assert_eq!(members_of(&set), ["keys"]);
        let keys = set["keys"].as_array().unwrap();
        // A symmetric key that anybody can read could be used for signing.
        let expected = if members.is_empty() { 0 } else { 2 };
        assert_eq!(keys.len(), expected);
        for key in keys {
            assert_eq!(members_of(key), members);
            assert_eq!(key["use"], "sig");
        }
        let access = app.join("ann@example.org").await.access;
        app.me(&access).await.expect(200);
        if let Some(first) = keys.first() {
            assert_eq!(header_of(&access)["kid"], first["kid"]);
            assert_eq!(header_of(&access)["alg"], first["alg"]);
        }
        assert_eq!(header_of(&access)["typ"], "at+jwt");
    }
}

#[tokio::test]
async fn the_published_keys_verify_a_token() {
    let app = app_with(|builder| builder.audience("notes")).await;
    let user = app.register("ann@example.org").await;
    let tokens = app.login("ann@example.org").await;
    let keys = app.ask("GET /.well-known/jwks.json", "", b"").await.json();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys).unwrap();
    let header = jsonwebtoken::decode_header(&tokens.access).unwrap();
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut rules = jsonwebtoken::Validation::new(header.alg);
    rules.set_audience(&["notes"]);
    rules.set_issuer(&["https://id.example.org"]);
    let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
    let claims = jsonwebtoken::decode::<Value>(&tokens.access, &key, &rules)
        .unwrap()
        .claims;
    assert_eq!(
        members_of(&claims),
        [
            "acr",
            "amr",
            "aud",
            "auth_time",
            "client_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "roles",
            "sid",
            "sub"
        ]
    );
    assert_eq!(claims["client_id"], claims["aud"]);
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert_eq!(claims["acr"], "urn:hallpass:aal1");
    assert_eq!(claims["auth_time"], claims["iat"]);
    assert_eq!(claims["sub"], user["id"]);
    assert_eq!(claims["sid"], tokens.session);
    assert_eq!(claims["roles"], json!(["user"]));
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 600);
}

#[tokio::test]
async fn health_is_reported() {
    for app in apps().await {
        for path in ["/health/live", "/health/ready"] {
            let reply = app.ask(&format!("GET {path}"), "", b"").await.expect(200);
            assert_eq!(reply.json(), json!({"status": "ok"}));
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
    }
}

/// Anybody may call it, and each check costs a write. Therefore only one call at a time queries the database, and the
/// others share its result for a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_costs_one_query_a_second() {
    for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
        for framework in [Framework::Actix, Framework::Axum] {
            let Some((_database, store, count)) = counted(backend).await else {
                continue;
            };
            let memory = Arc::new(TestStore::memory());
            let app = App::start(memory, framework, |builder| builder.store(store.clone())).await;
            store.ping().await.unwrap();
            count.forget();
            store.ping().await.unwrap();
            let cost = count.take().len();
            let begun = Instant::now();
            let replies = race(50, |_| {
                let app = *app;
                async move { app.ask("GET /health/ready", "", b"").await }
            });
            for reply in replies.await {
                reply.expect(200);
            }
            let findings = count.take().len() / cost;
            let most = usize::try_from(begun.elapsed().as_secs()).unwrap() + 1;
            assert!((1..=most).contains(&findings), "{findings} of {most}");
        }
    }
}

/// If the database is unreachable, the reply is 503 and does not show its address.
#[tokio::test]
async fn the_service_without_its_database_is_alive_and_not_ready() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let db = store.database().clone();
        let app = app_with(|builder| builder.store(store.clone())).await;
        let tokens = app.join("ann@example.org").await;
        db.close().await.unwrap();
        app.ask("GET /health/live", "", b"").await.expect(200);
        for reply in [
            app.ask("GET /health/ready", "", b"").await,
            app.me(&tokens.access).await,
            app.refresh(&tokens.refresh).await,
            app.logout(&tokens.refresh).await,
            app.try_login("ann@example.org", "x").await,
            app.post("/auth/forgot-password", json!({"email": "ann@example.org"}))
                .await,
        ] {
            let reply = reply.problem(503, "unavailable");
            assert_eq!(reply.header("retry-after"), Some("1"));
        }
        // A call that needs no database is still refused without it.
        app.refresh("x").await.problem(401, "invalid_refresh_token");
        app.me("x").await.problem(401, "invalid_access_token");
    }
}

#[tokio::test]
async fn the_documentation_loads_from_its_own_host_only() {
    for app in apps().await {
        let page = app.ask("GET /docs", "", b"").await.expect(200);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!page.text().contains("//"), "{}", page.text());
        for path in [
            "/docs/",
            "/docs/nothing",
            "/docs/..%2f..%2fetc%2fpasswd",
            "/docs/%00",
        ] {
            let reply = app.ask(&format!("GET {path}"), "", b"").await;
            reply.problem(404, "not_found");
        }
        let document = app
            .ask("GET /openapi.json", "", b"")
            .await
            .expect(200)
            .json();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }
}

#[tokio::test]
async fn every_reply_carries_a_request_id() {
    for app in apps().await {
        for line in [
            "GET /users/me",
            "GET /nothing",
            "PUT /users",
            "GET /health/live",
        ] {
            let given = app.ask(line, "X-Request-Id: a-b_c.9\r\n", b"").await;
            assert_eq!(given.header("x-request-id"), Some("a-b_c.9"), "{line}");
            let made = app.ask(line, "X-Request-Id: <script>\r\n", b"").await;
            let made = made.header("x-request-id").unwrap();
            assert!(uuid::Uuid::try_parse(made).is_ok(), "{made}");
        }
    }
}

fn header_of(token: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}
