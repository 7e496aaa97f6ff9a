//! The host's own claims.

use super::*;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is not an object"),
    }
}

#[test]
fn other_claims_come_back_as_they_were_given() {
    let now = ManualClock::new().now();
    let tokens = tokens(&Secret::generate().into(), SigningAlgorithm::EdDsa);
    let others = object(json!({
        "tenant": "acme", "plan": {"seats": 3, "trial": null}, "scopes": ["a", "b"], "": 1.5, "SUB": "x",
    }));
    let token = tokens
        .issue(&user(now), &signed_in(now), None, &others, now)
        .unwrap();
    for _ in 0..2 {
        let current = tokens.verify(token.expose(), now).unwrap();
        assert_eq!(current.claims(), &others);
        assert_eq!(current.claim("tenant"), Some(&json!("acme")));
        assert_eq!(current.claim("sub"), None);
    }
}

#[test]
fn a_token_without_other_claims_has_none() {
    let forge = Forge::new();
    let token = forge.token(&forge.header, &forge.claims);
    let current = forge.tokens.verify(&token, forge.now).unwrap();
    assert!(current.claims().is_empty());
}

#[test]
fn other_claims_never_replace_ours() {
    let now = ManualClock::new().now();
    let tokens = tokens(&Secret::generate().into(), SigningAlgorithm::EdDsa);
    let ann = user(now);
    let signed_in = signed_in(now);
    let session = signed_in.session_id;
    let others = object(json!({
        "iss": "https://evil.example", "sub": UserId::new(now).to_string(), "aud": "other", "exp": 4_000_000_000_i64,
        "iat": 0, "nbf": 0, "jti": "x", "sid": "x", "roles": ["admin"], "permissions": ["users:write"], "mine": true,
        "acr": "urn:hallpass:aal2", "act": {"sub": "x"}, "amr": ["mfa"], "auth_time": 0, "client_id": "x", "cnf": {"jkt": "x"},
        "org": "acme", "scope": "everything",
    }));
    for name in RESERVED {
        assert!(others.contains_key(name), "{name} is tried");
    }
    let token = tokens.issue(&ann, &signed_in, None, &others, now).unwrap();
    let current = tokens.verify(token.expose(), now).unwrap();
    assert_eq!((current.id(), current.session_id()), (ann.id, session));
    assert_eq!(current.roles(), &ann.roles);
    assert_eq!(current.issued_at().timestamp(), now.timestamp());
    assert_eq!(
        (current.expires_at() - current.issued_at()).num_seconds(),
        600
    );
    assert_eq!(current.claims(), &object(json!({"mine": true})));
}

#[test]
fn a_claim_named_twice_is_refused_at_any_depth() {
    let forge = Forge::new();
    let (header, claims) = (forge.header.to_string(), forge.claims.to_string());
    let accepts = |more: &str| {
        let claims = claims.replacen('{', &format!("{{{more},"), 1);
        forge.accepts(&forge.sign(header.as_bytes(), claims.as_bytes()))
    };
    assert!(accepts(r#""tenant":{"a":1,"b":1}"#));
    for more in [
        r#""tenant":1,"tenant":1"#,
        r#""tenant":1,"\u0074enant":2"#,
        r#""tenant":{"a":1,"a":1}"#,
        r#""tenant":[{"a":1,"a":2}]"#,
        r#""roles":["user"]"#,
    ] {
        assert!(!accepts(more), "{more}");
    }
}

#[test]
fn a_token_too_long_for_verifiers_is_not_issued() {
    let now = ManualClock::new().now();
    let tokens = tokens(&Secret::generate().into(), SigningAlgorithm::EdDsa);
    let issue = |length: usize| {
        let others = object(json!({"note": "x".repeat(length)}));
        tokens.issue(&user(now), &signed_in(now), None, &others, now)
    };
    let long = issue(5_500).unwrap();
    assert!(tokens.verify(long.expose(), now).is_ok());
    assert!(issue(MAX_TOKEN).is_err());
}

#[test]
fn other_claims_count_in_the_memory_of_verified_tokens() {
    let now = ManualClock::new().now();
    let tokens = tokens(&Secret::generate().into(), SigningAlgorithm::Hs256);
    let weigh = |others: Value| {
        let before = tokens.check.memory().0;
        let token = tokens
            .issue(&user(now), &signed_in(now), None, &object(others), now)
            .unwrap();
        tokens.verify(token.expose(), now).unwrap();
        tokens.check.memory().0 - before
    };
    let plain = weigh(json!({}));
    let listed = weigh(json!({"list": vec![0; 2_000]}));
    assert!(listed > plain + 2_000 * size_of::<Value>() as u64);
}

/// The claim `cnf` restricts the token to the holder of a key, and `nbf` makes it invalid before a given time. A
/// verifier that does not check these restrictions must refuse the token.
#[test]
fn a_claim_with_an_unsupported_rule_invalidates_a_token() {
    let forge = Forge::new();
    for (name, value, accepted) in [
        ("cnf", json!({"jkt": "x"}), false),
        ("nbf", json!(forge.now.timestamp()), false),
        ("acr", json!("urn:hallpass:aal1"), true),
        ("auth_time", json!(forge.now.timestamp()), true),
        ("client_id", json!("hallpass"), true),
    ] {
        let mut claims = forge.claims.clone();
        claims[name] = value;
        let token = forge.token(&forge.header, &claims);
        assert_eq!(forge.accepts(&token), accepted, "{name}");
    }
}
