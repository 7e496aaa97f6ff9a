//! The authorization URL, the callback and the exchange of the code.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;
use crate::identity::CodeChallenge;

fn parameters(query: &str) -> HashMap<String, String> {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let count = pairs.len();
    let map: HashMap<_, _> = pairs.into_iter().collect();
    assert_eq!(map.len(), count, "a parameter occurs twice: {query}");
    map
}

#[tokio::test]
async fn the_authorization_url_protects_the_flow() {
    let scene = Scene::sound().await;
    scene.metadata(
        "authorization_endpoint",
        json!(format!("{}/authorize?tenant=1", scene.provider.url())),
    );
    let url = scene
        .client
        .authorization_url(&flow())
        .await
        .expect("it is present");
    let (place, query) = url.split_once('?').expect("it has a query");
    assert_eq!(place, format!("{}/authorize", scene.provider.url()));
    let challenge = CodeChallenge::of(VERIFIER);
    let expected = [
        ("tenant", "1"),
        ("response_type", "code"),
        ("client_id", "notes"),
        ("redirect_uri", BACK),
        ("scope", "openid email profile"),
        ("state", STATE),
        ("nonce", NONCE),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(parameters(query), HashMap::from(expected));
}

#[tokio::test]
async fn an_invalid_flow_is_a_fault() {
    let scene = Scene::sound().await;
    for verifier in ["short", &"a".repeat(129)] {
        let begin = Authorization { verifier, ..flow() };
        assert!(scene.client.authorization_url(&begin).await.is_err());
        let end = Answer {
            verifier,
            ..answer(None)
        };
        assert!(scene.client.identify(&end).await.is_err());
    }
    assert_eq!(scene.provider.count(TOKEN), 0);
}

#[tokio::test]
async fn a_client_authenticates_as_the_provider_requires() {
    let secret = "a:b c/ü";
    let methods = |it: &[&str]| Some(json!(it));
    for (secret, methods, basic, posted) in [
        (Some(secret), None, true, false),
        (
            Some(secret),
            methods(&["client_secret_post", "client_secret_basic"]),
            true,
            false,
        ),
        (Some(secret), methods(&["client_secret_post"]), false, true),
        (None, methods(&["none"]), false, false),
        (None, None, false, false),
    ] {
        let set = |it: Provider| match secret {
            Some(secret) => it.client_secret(secret),
            None => it,
        };
        let scene = Scene::with(Key::p256("k1"), set).await;
        if let Some(methods) = methods {
            scene.metadata("token_endpoint_auth_methods_supported", methods);
        }
        scene.identify().await.expect("it is valid");
        let call = scene.provider.last(TOKEN);
        let sent = parameters(&call.body);
        let sent = |name: &str| sent.get(name).map(String::as_str);
        let authorization = call.headers.get("authorization");
        let expected = format!("Basic {}", STANDARD.encode("notes:a%3Ab+c%2F%C3%BC"));
        let expected = basic.then_some(expected.as_bytes());
        assert_eq!(authorization.map(|value| value.as_bytes()), expected);
        assert_eq!(sent("client_secret"), secret.filter(|_| posted));
        assert_eq!(sent("client_id"), (!basic).then_some("notes"));
        assert_eq!(sent("grant_type"), Some("authorization_code"));
        assert_eq!(sent("code"), Some("code-1"));
        assert_eq!(sent("code_verifier"), Some(VERIFIER));
        assert_eq!(sent("redirect_uri"), Some(BACK));
    }
    let set = |it: Provider| it.client_secret(secret);
    let scene = Scene::with(Key::p256("k1"), set).await;
    scene.metadata(
        "token_endpoint_auth_methods_supported",
        json!(["private_key_jwt"]),
    );
    assert!(scene.fault().await.contains("by its secret"));
    assert_eq!(scene.provider.count(TOKEN), 0);
}

#[tokio::test]
async fn an_invalid_token_reply_is_refused() {
    let scene = Scene::sound().await;
    let token = scene.key.sign(&scene.claims());
    let json = |value: Value| Reply::json(&value);
    let sound = json!({"access_token": "a", "token_type": "bEaReR", "id_token": token});
    let but = |name: &str, value: Value| {
        let mut tokens = sound.clone();
        tokens[name] = value;
        json(tokens)
    };
    for (reply, expected) in [
        (but("token_type", json!("mac")), "bearer"),
        (but("token_type", json!(null)), "bearer"),
        (but("access_token", json!(null)), "bearer"),
        (but("id_token", json!(null)), "ID token"),
        (but("id_token", json!(7)), "ID token"),
        (but("x", json!("a".repeat(64 * 1024))), "cannot be reached"),
        (Reply::of(200, "application/json", "[]"), "JSON object"),
        (Reply::of(200, "text/html", "<html>"), "JSON object"),
        (Reply::of(200, "text/html", sound.to_string()), "JSON"),
        (
            Reply::of(200, "application/json", r#"{"a":1,"a":1}"#),
            "JSON object",
        ),
        (
            Reply::of(500, "application/json", sound.to_string()),
            "cannot be reached",
        ),
        (Reply::redirect("/elsewhere"), "cannot be reached"),
        (
            Reply::of(400, "application/json", r#"{"error":"invalid_grant"}"#),
            "refuses the code: invalid_grant",
        ),
        (
            but("error", json!("bad\ncode-1 ü")),
            "refuses the code: badcode-1",
        ),
    ] {
        scene.provider.reply(TOKEN, reply);
        let fault = scene.fault().await;
        assert!(fault.contains(expected), "{expected}: {fault}");
    }
    assert_eq!(scene.provider.count("/elsewhere"), 0);
    scene.provider.reply(TOKEN, json(sound));
    scene.identify().await.expect("it is valid");
}

#[tokio::test]
async fn unread_members_of_a_token_reply_may_be_anything() {
    let scene = Scene::sound().await;
    let id_token = scene.key.sign(&scene.claims());
    for (name, value) in [
        ("scope", json!(["openid"])),
        ("scope", json!(7)),
        ("expires_in", json!("3600")),
        ("expires_in", json!(-1)),
        ("refresh_token", json!(false)),
        ("error", json!(null)),
        ("error_description", json!({})),
    ] {
        let mut tokens = json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token});
        tokens[name] = value;
        scene.provider.reply(TOKEN, Reply::json(&tokens));
        let said = scene.identify().await;
        assert!(said.is_ok(), "{tokens}: {said:?}");
    }
}

#[tokio::test]
async fn a_fault_contains_no_code_and_no_token() {
    let scene = Scene::sound().await;
    for body in [
        r#"{"access_token":"secret-1","token_type":7}"#,
        r#"{"access_token":["code-1"],"token_type":"bearer","id_token":"secret-1"}"#,
        r#"{"error":"invalid_grant","error_description":"code-1 secret-1"}"#,
        r#"{"access_token":"secret-1","token_type":"bearer","id_token":"secret-1"}"#,
    ] {
        scene
            .provider
            .reply(TOKEN, Reply::of(200, "application/json", body));
        let fault = scene.identify().await.expect_err("it is invalid");
        let text = format!("{fault} {fault:?}");
        assert!(
            !text.contains("secret-1") && !text.contains("code-1"),
            "{text}"
        );
    }
    let client = scene.client.clone();
    drop(scene);
    let fault = client
        .identify(&answer(None))
        .await
        .expect_err("the provider is gone");
    assert!(!format!("{fault:?}").contains("code-1"));
}

#[tokio::test]
async fn the_callback_names_the_asked_issuer() {
    let scene = Scene::sound().await;
    let issuer = scene.provider.url();
    let identify = async |scene: &Scene, iss: Option<&str>| {
        scene
            .client
            .identify(&answer(iss))
            .await
            .map_err(|fault| fault.to_string())
    };
    assert!(identify(&scene, None).await.is_ok());
    assert!(identify(&scene, Some(&issuer)).await.is_ok());
    let asked = scene.provider.count(TOKEN);
    for foreign in ["", "https://evil.example", &format!("{issuer}/")] {
        let fault = identify(&scene, Some(foreign))
            .await
            .expect_err("the issuer differs");
        assert!(fault.contains("not from the issuer"), "{fault}");
    }
    assert_eq!(scene.provider.count(TOKEN), asked, "the code was not sent");

    let scene = Scene::sound().await;
    let issuer = scene.provider.url();
    scene.metadata(
        "authorization_response_iss_parameter_supported",
        json!(true),
    );
    let fault = identify(&scene, None)
        .await
        .expect_err("the issuer is missing");
    assert!(fault.contains("not from the issuer"), "{fault}");
    assert!(identify(&scene, Some(&issuer)).await.is_ok());
}
