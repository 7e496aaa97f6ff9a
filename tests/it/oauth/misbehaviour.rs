//! Invalid provider replies: the OpenID Connect conformance plans for relying parties, and known attacks.

use std::sync::Arc;

use hallpass::event::EventKind;
use serde_json::{Map, Value, json};

use super::{
    ANN,
    flow::{arrive, asking, person, sign_in},
};
use crate::support::{
    app::{App, app_with},
    provider::{Behaviour, CLIENT_ID, FakeProvider, Signing},
};

async fn app_of(fake: &FakeProvider) -> App {
    app_with(|builder| asking(builder, fake)).await
}

/// Checks that the sign-in fails and creates no account.
async fn fails(app: &App, fake: &FakeProvider, case: &str, change: impl FnOnce(&mut Behaviour)) {
    fake.behave(change);
    let outcome = arrive(app, fake, person("1", ANN)).await;
    assert_eq!(outcome, Err("provider_failed".to_owned()), "{case}");
    let found = app.store().credentials(&ANN.parse().unwrap()).await;
    assert!(found.unwrap().is_none(), "{case}");
    fake.behave(|_| {});
}

fn claim(name: &'static str, value: Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| {
        behaviour.claims = Arc::new(move |claims: &mut Map<String, Value>| {
            match &value {
                Value::Null => claims.remove(name),
                value => claims.insert(name.to_owned(), value.clone()),
            };
        });
    }
}

fn header(name: &'static str, value: Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| {
        behaviour.header = Arc::new(move |header: &mut Map<String, Value>| {
            match &value {
                Value::Null => header.remove(name),
                value => header.insert(name.to_owned(), value.clone()),
            };
        });
    }
}

fn signing(signing: Signing) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.signing = signing
}

#[tokio::test]
async fn an_invalid_issuer_is_refused() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    for issuer in [
        json!("https://evil.example"),
        json!(format!("{}/", fake.issuer)),
        Value::Null,
    ] {
        fails(&app, &fake, "iss", claim("iss", issuer)).await;
    }
}

#[tokio::test]
async fn a_missing_or_impossible_subject_is_refused() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    for subject in [
        Value::Null,
        json!(""),
        json!(7),
        json!("x".repeat(256)),
        json!("a\u{0}b"),
    ] {
        fails(&app, &fake, "sub", claim("sub", subject)).await;
    }
}

#[tokio::test]
async fn an_invalid_audience_is_refused() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    for audience in [
        Value::Null,
        json!("another"),
        json!([]),
        json!(["another"]),
        json!([CLIENT_ID, "another"]),
    ] {
        let case = audience.to_string();
        fails(&app, &fake, &case, claim("aud", audience)).await;
    }
    fails(&app, &fake, "azp", claim("azp", json!("another"))).await;
    fake.behave(|behaviour| {
        behaviour.claims = Arc::new(|claims: &mut Map<String, Value>| {
            claims.insert("aud".to_owned(), json!(["another", CLIENT_ID]));
            claims.insert("azp".to_owned(), json!(CLIENT_ID));
        });
    });
    sign_in(&app, &fake, person("1", ANN)).await;
}

#[tokio::test]
async fn times_of_a_token_are_enforced() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    fake.follow(&app.clock);
    let now = app.now().timestamp();
    fails(&app, &fake, "no iat", claim("iat", Value::Null)).await;
    fails(&app, &fake, "iat later", claim("iat", json!(now + 3600))).await;
    fails(&app, &fake, "no exp", claim("exp", Value::Null)).await;
    fails(&app, &fake, "over", claim("exp", json!(now - 6))).await;
    fails(&app, &fake, "text", claim("exp", json!("9999999999"))).await;
    fails(&app, &fake, "nbf", claim("nbf", json!(now + 3600))).await;
}

#[tokio::test]
async fn an_invalid_nonce_is_refused() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    for nonce in [Value::Null, json!(""), json!("another")] {
        fails(&app, &fake, "nonce", claim("nonce", nonce)).await;
    }
}

#[tokio::test]
async fn a_signature_must_be_the_providers() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    fails(&app, &fake, "alg none", signing(Signing::Not)).await;
    fails(&app, &fake, "another key", signing(Signing::Wrong)).await;
    fails(&app, &fake, "HS256", signing(Signing::PublicKeyAsSecret)).await;
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("alg", json!("RS512")),
        ("kid", json!("../../dev/null")),
        ("crit", json!(["exp"])),
    ] {
        fails(&app, &fake, name, header(name, value)).await;
    }
    let instead = |body: &'static str| {
        move |behaviour: &mut Behaviour| {
            let body = json!({"access_token": "x", "token_type": "Bearer", "id_token": body});
            behaviour.instead.insert("/token", (200, body.to_string()));
        }
    };
    for nonsense in ["", "x", "a.b.c", "..", "e30.e30."] {
        fails(&app, &fake, nonsense, instead(nonsense)).await;
    }
    sign_in(&app, &fake, person("1", ANN)).await;
}

#[tokio::test]
async fn a_token_without_a_key_id_needs_a_set_with_one_key() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    fake.behave(header("kid", Value::Null));
    sign_in(&app, &fake, person("2", "bob@example.org")).await;

    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    fails(&app, &fake, "two keys", |behaviour| {
        header("kid", Value::Null)(behaviour);
        behaviour.jwks = Arc::new(|jwks: &mut Value| {
            let keys = jwks["keys"].as_array_mut().unwrap();
            let mut second = keys[0].clone();
            second["kid"] = "second".into();
            keys.push(second);
        });
    })
    .await;
}

#[tokio::test]
async fn userinfo_counts_if_it_is_of_the_same_subject() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    let without_email = |claims: &mut Map<String, Value>| {
        claims.remove("email");
        claims.remove("email_verified");
    };
    for subject in [json!("another"), Value::Null, json!(1)] {
        fails(&app, &fake, "userinfo", |behaviour| {
            behaviour.claims = Arc::new(without_email);
            behaviour.userinfo = Arc::new(move |info: &mut Map<String, Value>| {
                info.insert("sub".to_owned(), subject.clone());
            });
        })
        .await;
    }
    fails(&app, &fake, "no userinfo", |behaviour| {
        behaviour.claims = Arc::new(without_email);
        behaviour.instead.insert("/userinfo", (500, String::new()));
    })
    .await;
    fake.behave(|behaviour| behaviour.claims = Arc::new(without_email));
    let tokens = sign_in(&app, &fake, person("1", ANN)).await;
    let me = app.me(&tokens.access).await.json();
    assert_eq!(
        (&me["email"], &me["email_verified"]),
        (&json!(ANN), &json!(true))
    );
}

#[tokio::test]
async fn an_answer_names_its_issuer_if_the_provider_says_so() {
    let fake = FakeProvider::start().await;
    fake.behave(|behaviour| {
        behaviour.discovery = Arc::new(|document: &mut Value| {
            document["authorization_response_iss_parameter_supported"] = true.into();
        });
    });
    let app = app_of(&fake).await;
    fake.follow(&app.clock);
    for (iss, is_right) in [
        (None, false),
        (Some("https://evil.example"), false),
        (Some(fake.issuer.as_str()), true),
    ] {
        let tab = super::begin(&app, &[]).await;
        let mut query = fake.approve(&tab.location, &person("1", ANN));
        if let Some(iss) = iss {
            query = format!("{query}&iss={iss}");
        }
        let params = super::landed(super::come_back(&app, &tab, &query).await);
        assert_eq!(params.contains_key("code"), is_right, "{iss:?}");
    }
    // The provider did not announce that it sends `iss`, but sends a wrong one.
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    fake.follow(&app.clock);
    let tab = super::begin(&app, &[]).await;
    let query = fake.approve(&tab.location, &person("1", ANN));
    let query = format!("{query}&iss=https://evil.example");
    let params = super::landed(super::come_back(&app, &tab, &query).await);
    assert_eq!(params["error"], "provider_failed");
}

#[tokio::test]
async fn a_code_of_another_browser_is_refused_at_the_provider() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    fake.follow(&app.clock);
    let (victim, attacker) = (super::begin(&app, &[]).await, super::begin(&app, &[]).await);
    let of_victim = fake.approve(&victim.location, &person("1", ANN));
    let of_attacker = fake.approve(&attacker.location, &person("2", "a@evil.org"));
    let code = of_victim.split('&').next().unwrap();
    let (_, rest) = of_attacker.split_once('&').unwrap();
    let query = format!("{code}&{rest}");
    let injected = super::come_back(&app, &attacker, &query).await;
    assert_eq!(super::landed(injected)["error"], "provider_failed");
}

#[tokio::test]
async fn failures_are_in_the_audit_trail() {
    let fake = FakeProvider::start().await;
    let app = app_of(&fake).await;
    fails(&app, &fake, "nonce", claim("nonce", json!("x"))).await;
    let store = app.store();
    let filter = hallpass::event::EventFilter::default();
    let events = store.list_events(&filter, None, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, EventKind::SignInFailed);
    assert_eq!(events[0].detail["reason"], "provider_failed");
    assert_eq!(events[0].detail["provider"], "idp");
}
