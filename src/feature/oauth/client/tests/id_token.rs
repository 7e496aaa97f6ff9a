use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;

#[tokio::test]
async fn a_token_of_every_accepted_algorithm_names_the_user() {
    for key in [Key::rsa("k1"), Key::p256("k1"), Key::ed25519("k1")] {
        let scene = Scene::with(key, |it| it).await;
        let said = scene.identify().await.expect("the token is valid");
        assert_eq!(said.provider, "acme");
        assert_eq!(said.issuer, scene.provider.url());
        assert_eq!(said.subject, "ann-1");
        assert_eq!(said.email, Some("ann@example.org".parse().unwrap()));
        assert!(said.email_verified && !said.trusted);
        assert_eq!(said.display_name.as_deref(), Some("Ann"));
    }
    let scene = Scene::with(Key::rsa("k1"), |it| it).await;
    let header = json!({"alg": "PS256", "kid": "k1"});
    let token = scene.key.sign_with(&header, &scene.claims());
    scene.provider.issue(&token);
    scene.identify().await.expect("the token is valid");
}

#[tokio::test]
async fn an_invalid_claim_is_refused() {
    let scene = Scene::sound().await;
    let now = scene.clock.now().timestamp();
    let issuer = scene.provider.url();
    let cases = [
        ("iss", Some(json!("https://evil.example")), "another issuer"),
        ("iss", Some(json!(format!("{issuer}/"))), "another issuer"),
        ("iss", None, "another issuer"),
        ("sub", None, "no valid subject"),
        ("sub", Some(json!("")), "no valid subject"),
        ("sub", Some(json!(7)), "no valid subject"),
        ("sub", Some(json!("a".repeat(256))), "no valid subject"),
        ("sub", Some(json!("a\nb")), "no valid subject"),
        ("aud", None, "another client"),
        ("aud", Some(json!("others")), "another client"),
        ("aud", Some(json!([])), "another client"),
        ("aud", Some(json!(["others"])), "another client"),
        ("aud", Some(json!(["notes", 1])), "another client"),
        ("aud", Some(json!(["notes", "others"])), "several clients"),
        ("azp", Some(json!("others")), "another client"),
        ("azp", Some(json!(null)), "another client"),
        ("exp", None, "when it expires"),
        ("exp", Some(json!("soon")), "when it expires"),
        ("exp", Some(json!(now - 5)), "has expired"),
        ("iat", None, "when it was issued"),
        ("iat", Some(json!(true)), "when it was issued"),
        ("iat", Some(json!(now + 62)), "in the future"),
        ("nbf", Some(json!(now + 62)), "not valid yet"),
        ("nbf", Some(json!("x")), "not valid yet"),
        ("nonce", None, "another flow"),
        ("nonce", Some(json!("nonce-2")), "another flow"),
        ("at_hash", Some(json!("AAAA")), "another access token"),
    ];
    for (name, value, expected) in cases {
        let case = format!("{name} {value:?}");
        scene.issue(&scene.claims_but(name, value));
        let fault = scene.fault().await;
        assert!(fault.contains(expected), "{case}: {fault}");
    }
}

#[tokio::test]
async fn a_claim_at_the_limit_is_accepted() {
    let scene = Scene::sound().await;
    let now = scene.clock.now().timestamp();
    let digest = digest::digest(&digest::SHA256, b"access-1");
    let hash = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]);
    for (name, value) in [
        ("sub", json!("a".repeat(255))),
        ("aud", json!(["notes"])),
        ("azp", json!("notes")),
        ("exp", json!(now - 4)),
        ("exp", json!(now as f64 + 100.5)),
        ("iat", json!(now + 60)),
        ("nbf", json!(now)),
        ("at_hash", json!(hash)),
    ] {
        scene.issue(&scene.claims_but(name, Some(value.clone())));
        let said = scene.identify().await;
        assert!(said.is_ok(), "{name} {value}: {said:?}");
    }
    let mut claims = scene.claims_but("aud", Some(json!(["others", "notes"])));
    claims["azp"] = json!("notes");
    scene.issue(&claims);
    scene.identify().await.expect("the party is named");
}

#[tokio::test]
async fn a_token_that_is_not_signed_by_the_provider_is_refused() {
    let scene = Scene::with(Key::rsa("k1"), |it| it).await;
    let sound = scene.key.sign(&scene.claims());
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());

    let unsigned = format!(
        "{}.{}.",
        part(&json!({"alg": "none"})),
        part(&scene.claims())
    );
    let modulus = URL_SAFE_NO_PAD
        .decode(scene.key.jwk()["n"].as_str().unwrap())
        .unwrap();
    let message = format!(
        "{}.{}",
        part(&json!({"alg": "HS256", "kid": "k1"})),
        part(&scene.claims())
    );
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, &modulus),
        message.as_bytes(),
    );
    let symmetric = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
    let (signed, signature) = sound.rsplit_once('.').unwrap();
    let mut broken = URL_SAFE_NO_PAD.decode(signature).unwrap();
    broken[0] ^= 1;
    let broken = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(broken));
    let other = Key::rsa("k1").sign(&scene.claims());
    let header = scene.key.header();
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        scene.key.sign_with(&header, &scene.claims())
    };
    let twice = scene
        .claims()
        .to_string()
        .replacen('{', r#"{"sub":"eve","#, 1);
    for (token, expected) in [
        (unsigned, "algorithm"),
        (symmetric, "algorithm"),
        (broken, "signature"),
        (other, "signature"),
        (format!("{signed}."), "signature"),
        (with("alg", json!("PS384")), "signature"),
        (with("alg", json!("ES256")), "key for another algorithm"),
        (with("alg", json!("rs256")), "algorithm"),
        (with("alg", json!(null)), "algorithm"),
        (with("crit", json!(["exp"])), "critical"),
        (with("kid", json!(1)), "`kid`"),
        (with("kid", json!("k2")), "not the provider's"),
        (
            scene.key.sign_text(&header.to_string(), &twice),
            "a single JSON object",
        ),
        (
            scene.key.sign_text(&header.to_string(), "[]"),
            "a single JSON object",
        ),
        (scene.key.sign_text("[]", "{}"), "a single JSON object"),
        (format!("{sound}.eA"), "signature"),
        (format!("{sound}="), "three parts"),
        ("token".to_owned(), "three parts"),
        (String::new(), "three parts"),
        (with("x", json!("a".repeat(16 * 1024))), "too long"),
    ] {
        scene.provider.issue(&token);
        let fault = scene.fault().await;
        assert!(fault.contains(expected), "{expected}: {fault}");
    }
    scene.provider.issue(&sound);
    scene.identify().await.expect("the token is valid");
}

#[tokio::test]
async fn a_token_without_a_key_id_needs_an_unambiguous_set() {
    let scene = Scene::sound().await;
    let header = json!({"alg": "ES256"});
    let token = scene.key.sign_with(&header, &scene.claims());
    scene.provider.issue(&token);
    scene.provider.publish(&[&scene.key, &Key::rsa("k2")]);
    scene.identify().await.expect("one key fits");

    let scene = Scene::sound().await;
    let token = scene.key.sign_with(&header, &scene.claims());
    scene.provider.issue(&token);
    scene.provider.publish(&[&scene.key, &Key::p256("k2")]);
    assert!(scene.fault().await.contains("several keys"));
}

#[tokio::test]
async fn a_key_for_something_else_does_not_verify_a_token() {
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("ES384")),
        ("alg", json!(1)),
        ("kty", json!("RSA")),
        ("crv", json!("P-384")),
        ("key_ops", json!(["encrypt"])),
        ("d", json!("AAAA")),
        ("x", json!("AAAA")),
    ] {
        let scene = Scene::sound().await;
        let mut jwk = scene.key.jwk();
        jwk[name] = value;
        let others = Key::ed25519("other").jwk();
        let set = json!({"keys": [jwk, others]});
        scene.provider.reply(JWKS, Reply::json(&set));
        scene.fault().await;
    }
    // This RSA key has 1024 bits.
    let scene = Scene::with(Key::rsa("k1"), |it| it).await;
    let mut jwk = scene.key.jwk();
    jwk["n"] = json!(URL_SAFE_NO_PAD.encode([0xff; 128]));
    let set = json!({"keys": [jwk]});
    scene.provider.reply(JWKS, Reply::json(&set));
    assert!(scene.fault().await.contains("keys could not be fetched"));
}

#[tokio::test]
async fn an_algorithm_that_the_provider_does_not_name_is_refused() {
    let scene = Scene::sound().await;
    let name = "id_token_signing_alg_values_supported";
    scene.metadata(name, json!(["RS256"]));
    assert!(scene.fault().await.contains("algorithm"));

    let scene = Scene::sound().await;
    scene.metadata(name, json!(["RS256", "ES256"]));
    scene.identify().await.expect("the algorithm is named");
}
