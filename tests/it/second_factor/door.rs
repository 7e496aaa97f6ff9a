//! No door forgets: every endpoint that can answer with tokens asks a user with a factor for it.

use std::collections::BTreeSet;

use hallpass::{AuthBuilder, event::EventKind, second_factor::SecondFactorPolicy};
use serde_json::{Value, json};

use super::{ANN, claims};
use crate::{
    oauth::flow::{APP_URL, VERIFIER, apps_of, arrive, idp, person, redeem, sign_in},
    support::{
        app::{App, apps_with},
        authenticator::ticket_of,
        browser::OWN,
        http::{JSON, PASSWORD, Reply},
        provider::FakeProvider,
    },
};

/// The endpoints that continue a session or a sign-in, and open none by themselves.
const CONTINUING: [&str; 3] = [
    "POST /auth/refresh",
    "POST /auth/second-factor",
    "POST /auth/session/second-factor",
];
/// The schemas of a session that was opened: with tokens, and in a browser.
const OPENED: [&str; 2] = ["TokenPair", "BrowserSession"];

/// The endpoints that can answer with tokens, as the document of the endpoint table says.
fn doors(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("an object");
    let mut found = BTreeSet::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("an object") {
            let reply = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let schema = reply["$ref"].as_str().unwrap_or_default();
            let schema = schema.trim_start_matches("#/components/schemas/");
            if OPENED.contains(&schema) {
                found.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    found
}

/// Goes through a door with everything but the second factor.
async fn enter(app: &App, fake: &FakeProvider, door: &str) -> Reply {
    match door {
        "POST /auth/login" => app.try_login(ANN, PASSWORD).await,
        "POST /auth/oauth/token" => {
            let code = arrive(app, fake, person("1", ANN)).await.expect("a code");
            redeem(app, &code, VERIFIER).await
        }
        "POST /auth/session" => {
            let body = json!({"email": ANN, "password": PASSWORD});
            app.sign_in_browser(body).await
        }
        "POST /auth/session/oauth" => {
            let code = arrive(app, fake, person("1", ANN)).await.expect("a code");
            let body = json!({"code": code, "code_verifier": VERIFIER}).to_string();
            let headers = format!("{JSON}{OWN}");
            app.ask(door, &headers, body.as_bytes()).await
        }
        door => panic!("{door} can answer with tokens: drive it here"),
    }
}

#[tokio::test]
async fn door_that_does_not_ask_is_found() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let document = app.ask("GET /openapi.json", "", b"").await.json();
        let doors = doors(&document);
        assert!(CONTINUING.iter().all(|door| doors.contains(*door)));

        let session = sign_in(&app, &fake, person("1", ANN)).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        app.refresh(&session.refresh).await.expect(401);
        let session = app.login(ANN).await;
        let phone = app.begin_totp(&session.access).await;
        let code = phone.code(app.now());
        let confirmed = app.confirm_totp(&session.access, &phone.id, &code).await;
        confirmed.expect(200);

        for door in doors
            .iter()
            .filter(|door| !CONTINUING.contains(&door.as_str()))
        {
            let (method, path) = door.split_once(' ').expect("a method and a path");
            let replies = &document["paths"][path][method.to_lowercase()]["responses"];
            let asks = &replies["202"]["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(asks, "#/components/schemas/SecondFactor", "{door}");

            let before = app.count_events(EventKind::SignedIn).await;
            let ticket = ticket_of(enter(&app, &fake, door).await);
            let opened = app.count_events(EventKind::SignedIn).await;
            assert_eq!(opened, before, "{door} on {}", app.name);
            app.advance(30);
            let code = phone.code(app.now());
            if door.starts_with("POST /auth/session") {
                let body = json!({"ticket": ticket, "totp": code}).to_string();
                let headers = format!("{JSON}{OWN}");
                let line = "POST /auth/session/second-factor";
                let reply = app.ask(line, &headers, body.as_bytes()).await.expect(200);
                assert_eq!(
                    app.browser(&reply).acr().await,
                    "urn:hallpass:aal2",
                    "{door}"
                );
                continue;
            }
            let tokens = app.second_factor(&ticket, ("totp", &code)).await.tokens();
            let (acr, methods) = claims(&app, &tokens.access);
            assert_eq!(acr, "urn:hallpass:aal2", "{door}");
            assert!(methods.contains(&"mfa".to_owned()), "{door}: {methods:?}");
        }
        // The session that confirmed the enrolment is strong.
        let refreshed = app.refresh(&session.refresh).await.tokens();
        assert_eq!(claims(&app, &refreshed.access).0, "urn:hallpass:aal2");
    }
}

/// A provider that is configured as multi-factor replaces the second factor, but passes no step-up.
#[tokio::test]
async fn provider_that_checks_two_factors_suffices_only_as_configured() {
    let fake = FakeProvider::start().await;
    let strict = |builder: AuthBuilder| {
        builder
            .provider(idp(&fake).trust_multi_factor())
            .provider_redirects([APP_URL])
            .second_factor(SecondFactorPolicy::Everyone)
    };
    for app in apps_with(strict).await {
        let tokens = sign_in(&app, &fake, person("1", ANN)).await;
        let (acr, methods) = claims(&app, &tokens.access);
        assert_eq!(acr, "urn:hallpass:aal2");
        assert_eq!(methods, ["mfa", "provider"]);
        let phone = app.begin_totp(&tokens.access).await;
        let code = phone.code(app.now());
        let confirmed = app.confirm_totp(&tokens.access, &phone.id, &code).await;
        confirmed.expect(200);
        let tokens = sign_in(&app, &fake, person("1", ANN)).await;
        let renewed = app
            .post_as("/users/me/recovery-codes", &tokens.access)
            .await;
        renewed.problem(401, "step_up_required");
    }
}
