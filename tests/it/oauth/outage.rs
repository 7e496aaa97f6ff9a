//! Slow or unavailable providers, and key changes.

use std::{cell::Cell, sync::Arc};

use hallpass::oauth::Provider;
use serde_json::{Map, Value, json};

use super::{
    ANN,
    flow::{APP_URL, apps_of, arrive, asking, person, sign_in, start_path},
};
use crate::support::{
    app::{App, app_with, unhurried},
    patience::{PATIENCE, until},
    provider::{Behaviour, CLIENT_ID, CLIENT_SECRET, FakeProvider, Signing, form},
};

/// Checks that the start of a flow sends the browser to the application, not to the provider.
async fn start_fails(app: &App) {
    let line = format!("GET {}", start_path(&[]));
    let reply = app.ask(&line, "", b"").await.expect(303);
    let location = reply.header("location").unwrap();
    let params = form(
        location
            .strip_prefix(APP_URL)
            .unwrap()
            .trim_start_matches('&'),
    );
    assert_eq!(params["error"], "provider_failed");
    assert_eq!(params["state"], "the app's state");
    assert_eq!(reply.header("set-cookie"), None);
}

#[tokio::test]
async fn a_provider_outage_is_reported_and_recovered_from() {
    let fake = FakeProvider::start().await;
    fake.behave(|behaviour| {
        let paths = ["/.well-known/openid-configuration"];
        for path in paths {
            behaviour.instead.insert(path, (503, String::new()));
        }
    });
    let app = app_with(|builder| asking(builder, &fake)).await;
    start_fails(&app).await;
    app.join("bob@example.org").await;
    fake.behave(|_| {});
    app.advance(60);
    sign_in(&app, &fake, person("1", ANN)).await;
}

#[tokio::test]
async fn a_document_of_another_issuer_is_refused() {
    type Twist = fn(&mut Value);
    let twists: [(&str, Twist); 6] = [
        ("issuer", |document| {
            document["issuer"] = "https://evil.example".into()
        }),
        ("no issuer", |document| {
            drop(document.as_object_mut().unwrap().remove("issuer"))
        }),
        ("plain token endpoint", |document| {
            document["token_endpoint"] = "http://example.org/token".into();
        }),
        ("plain keys", |document| {
            document["jwks_uri"] = "http://example.org/jwks".into();
        }),
        ("script", |document| {
            document["authorization_endpoint"] = "javascript:alert(1)".into()
        }),
        ("no object", |document| *document = json!([])),
    ];
    for (case, twist) in twists {
        let fake = FakeProvider::start().await;
        fake.behave(|behaviour| behaviour.discovery = Arc::new(twist));
        let app = app_with(|builder| asking(builder, &fake)).await;
        eprintln!("{case}");
        start_fails(&app).await;
    }
}

#[tokio::test]
async fn documents_are_bounded_and_redirects_are_not_followed() {
    for (path, status, body) in [
        (
            "/.well-known/openid-configuration",
            200,
            "x".repeat(100_000),
        ),
        ("/.well-known/openid-configuration", 302, String::new()),
        ("/.well-known/openid-configuration", 200, "{".to_owned()),
    ] {
        let fake = FakeProvider::start().await;
        fake.behave(|behaviour| drop(behaviour.instead.insert(path, (status, body))));
        let app = app_with(|builder| asking(builder, &fake)).await;
        start_fails(&app).await;
    }
    for path in ["/token", "/jwks"] {
        for (status, body) in [
            (200, "x".repeat(100_000)),
            (307, String::new()),
            (200, "[]".to_owned()),
            (200, "{}".to_owned()),
            (500, String::new()),
        ] {
            let fake = FakeProvider::start().await;
            let app = app_with(|builder| asking(builder, &fake)).await;
            let case = format!("{path} {status} {}", body.len());
            fake.behave(|behaviour| drop(behaviour.instead.insert(path, (status, body))));
            let line = format!("GET {}", start_path(&[]));
            let reply = app.ask(&line, "", b"").await.expect(303);
            if !reply.header("location").unwrap().starts_with(&fake.issuer) {
                // If the keys are fetched together with the configuration, the start fails already.
                continue;
            }
            let outcome = arrive(&app, &fake, person("1", ANN)).await;
            assert_eq!(outcome, Err("provider_failed".to_owned()), "{case}");
        }
    }
}

#[tokio::test]
async fn a_slow_provider_delays_no_other_caller() {
    let fake = FakeProvider::start().await;
    let quick = FakeProvider::start().await;
    let app = app_with(|builder| {
        let second = Provider::oidc("quick", &quick.issuer, CLIENT_ID).client_secret(CLIENT_SECRET);
        asking(unhurried(builder), &fake).provider(second)
    })
    .await;
    fake.follow(&app.clock);
    // The other callers may be late on a slow machine, but not every time.
    for round in 0..3 {
        if others_are_answered_before(&app, &fake, &quick, round).await {
            return;
        }
    }
    panic!("others wait for the slow provider");
}

/// Whether other callers are answered while one caller waits for the slow provider, which is given up in the end.
async fn others_are_answered_before(
    app: &App,
    slow: &FakeProvider,
    quick: &FakeProvider,
    round: usize,
) -> bool {
    let tab = super::begin(app, &[]).await;
    let query = slow.approve(&tab.location, &person("1", ANN));
    slow.behave(|behaviour| behaviour.delay = 10 * PATIENCE);
    let is_given_up = Cell::new(false);
    let given_up = async {
        let params = super::landed(super::come_back(app, &tab, &query).await);
        assert_eq!(params["error"], "provider_failed");
        is_given_up.set(true);
    };
    let others = async {
        let is_asked = async || slow.calls("/token") > round;
        until("the slow provider is asked", is_asked).await;
        let line = format!("GET {}", start_path(&[]).replace("/idp?", "/quick?"));
        let reply = app.ask(&line, "", b"").await.expect(303);
        assert!(reply.header("location").unwrap().starts_with(&quick.issuer));
        app.join(&format!("bob{round}@example.org")).await;
        !is_given_up.get()
    };
    let ((), before) = tokio::join!(given_up, others);
    slow.behave(|_| {});
    before
}

#[tokio::test]
async fn new_keys_are_fetched_once_a_minute_and_old_ones_stay_valid() {
    let fake = FakeProvider::start().await;
    let app = app_with(|builder| asking(builder, &fake)).await;
    sign_in(&app, &fake, person("1", ANN)).await;
    let fetched = fake.calls("/jwks");
    fake.rotate("second");
    app.advance(60);
    sign_in(&app, &fake, person("1", ANN)).await;
    assert_eq!(fake.calls("/jwks"), fetched + 1);
    // Within the same minute, a second new key is not fetched.
    fake.rotate("third");
    let outcome = arrive(&app, &fake, person("1", ANN)).await;
    assert_eq!(outcome, Err("provider_failed".to_owned()));
    assert_eq!(fake.calls("/jwks"), fetched + 1);
    app.advance(60);
    sign_in(&app, &fake, person("1", ANN)).await;
    assert_eq!(fake.calls("/jwks"), fetched + 2);
    // The cached keys stay in use during the outage.
    fake.behave(|behaviour| {
        for path in ["/jwks", "/.well-known/openid-configuration"] {
            behaviour.instead.insert(path, (503, String::new()));
        }
    });
    for _ in 0..3 {
        app.advance(3600);
        sign_in(&app, &fake, person("1", ANN)).await;
    }
}

#[tokio::test]
async fn private_addresses_are_never_asked() {
    for issuer in [
        "https://10.0.0.1",
        "https://[fd00::1]",
        "https://169.254.169.254",
    ] {
        // The host allowed the address, so only the timeout ends the attempt.
        let provider = Provider::oidc("idp", issuer, CLIENT_ID);
        let built = app_with(|builder| {
            builder
                .provider(provider.clone())
                .provider_redirects([APP_URL])
        });
        drop(built.await);
    }
    let fake = FakeProvider::start().await;
    let port = fake.issuer.rsplit_once(':').unwrap().1.to_owned();
    // The host name resolves to this machine, which the host did not allow.
    let app = app_with(|builder| {
        let provider = Provider::oidc("idp", format!("https://localtest.me:{port}"), CLIENT_ID);
        builder.provider(provider).provider_redirects([APP_URL])
    })
    .await;
    start_fails(&app).await;
    assert_eq!(fake.calls("/.well-known/openid-configuration"), 0);
}

/// Neither the token nor the JWK Set has a key id.
fn nameless(behaviour: &mut Behaviour) {
    behaviour.header = Arc::new(|header: &mut Map<String, Value>| drop(header.remove("kid")));
    behaviour.jwks = Arc::new(|jwks: &mut Value| {
        let keys = jwks["keys"].as_array_mut().unwrap();
        for key in keys {
            key.as_object_mut().unwrap().remove("kid");
        }
    });
}

#[tokio::test]
async fn a_replaced_key_without_a_new_name_is_fetched_once() {
    let fake = FakeProvider::start().await;
    type Variant = fn(&mut Behaviour);
    for variant in [nameless as Variant, |_| {}] {
        for app in apps_of(&fake).await {
            fake.behave(variant);
            sign_in(&app, &fake, person("1", ANN)).await;
            let before = fake.calls("/jwks");
            fake.rotate("first");
            app.advance(61);
            sign_in(&app, &fake, person("1", ANN)).await;
            sign_in(&app, &fake, person("1", ANN)).await;
            assert_eq!(fake.calls("/jwks"), before + 1, "{}", app.name);

            // A token with an unknown key is still refused, and causes one fetch a minute.
            app.advance(61);
            fake.behave(|behaviour| {
                variant(behaviour);
                behaviour.signing = Signing::Wrong;
            });
            for _ in 0..3 {
                let refused = arrive(&app, &fake, person("1", ANN)).await;
                assert_eq!(refused, Err("provider_failed".to_owned()));
            }
            assert_eq!(fake.calls("/jwks"), before + 2, "{}", app.name);
        }
    }
}
