use serde_json::json;

use super::*;
use crate::{
    secret::{Secret, Secrets},
    token::SigningKeys,
};

fn published(algorithm: SigningAlgorithm) -> Value {
    let secrets = Secrets::from(Secret::generate());
    SigningKeys::derive(&secrets, algorithm).unwrap().jwks()["keys"][0].clone()
}

fn read(keys: &[Value]) -> Result<Vec<String>, InvalidJwks> {
    let document = json!({ "keys": keys }).to_string();
    let keys = VerifyingKeys::from_jwks(document.as_bytes())?;
    Ok(keys.0.into_iter().map(|key| key.kid).collect())
}

fn changed(key: &Value, member: &str, value: Value) -> Value {
    let mut key = key.clone();
    key[member] = value;
    key
}

fn without(key: &Value, member: &str) -> Value {
    let mut key = key.clone();
    key.as_object_mut().unwrap().remove(member);
    key
}

#[test]
fn published_keys_are_read_and_verify() {
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256] {
        let secrets = Secrets::new(Secret::generate(), vec![Secret::generate()]).unwrap();
        let signing = SigningKeys::derive(&secrets, algorithm).unwrap();
        let keys = VerifyingKeys::from_jwks(signing.jwks().to_string().as_bytes()).unwrap();
        assert_eq!(keys.len(), 2);
        let first = signing.first().unwrap();
        let signature = first.sign(b"message").unwrap();
        let key = keys.by_kid(&first.verifying.kid).unwrap();
        assert!(key.verifies(b"message", &signature));
        assert!(!key.verifies(b"another", &signature));
    }
}

#[test]
fn keys_for_another_use_are_ignored() {
    let (ed, ec) = (
        published(SigningAlgorithm::EdDsa),
        published(SigningAlgorithm::Es256),
    );
    for other in [
        json!({"kty": "oct", "kid": "a", "alg": "HS256", "k": "AAAA"}),
        json!({"kty": "RSA", "kid": "a", "n": "AAAA", "e": "AQAB"}),
        json!({"kid": "a"}),
        changed(&ed, "kty", json!("oct")),
        changed(&ed, "crv", json!("X25519")),
        changed(&ed, "crv", json!("P-256")),
        changed(&ec, "crv", json!("P-384")),
        changed(&ec, "kty", json!("OKP")),
        changed(&ed, "alg", json!("ES256")),
        changed(&ed, "alg", json!("HS256")),
        changed(&ed, "alg", json!("none")),
        changed(&ec, "alg", json!("EdDSA")),
        changed(&ed, "use", json!("enc")),
        changed(&ed, "key_ops", json!(["sign"])),
        changed(&ed, "key_ops", json!("verify")),
        changed(&ed, "kid", json!("")),
        without(&ed, "kid"),
    ] {
        let kid = ec["kid"].as_str().unwrap();
        assert_eq!(
            read(&[other.clone(), ec.clone()]).unwrap(),
            [kid],
            "{other}"
        );
    }
    for same in [
        without(&ed, "alg"),
        without(&ed, "use"),
        changed(&ed, "key_ops", json!(["verify"])),
        changed(&ed, "x5t", json!("x")),
    ] {
        assert_eq!(read(&[same]).unwrap().len(), 1);
    }
}

#[test]
fn an_invalid_document_is_refused() {
    let (ed, ec) = (
        published(SigningAlgorithm::EdDsa),
        published(SigningAlgorithm::Es256),
    );
    for key in [
        changed(&ed, "d", json!("AAAA")),
        changed(&ed, "x", json!("AAAA")),
        changed(&ed, "x", json!(format!("{}=", ed["x"].as_str().unwrap()))),
        changed(&ed, "x", json!(1)),
        changed(&ed, "kid", json!(1)),
        changed(&ed, "alg", json!(null)),
        without(&ed, "x"),
        without(&ec, "y"),
        changed(&ec, "y", json!("")),
        changed(&ec, "y", ec["x"].clone()),
        json!("key"),
    ] {
        assert!(read(std::slice::from_ref(&key)).is_err(), "{key}");
    }
    let twin = changed(&ec, "kid", ed["kid"].clone());
    assert!(read(&[ed.clone(), twin]).is_err());
    assert!(read(&[ed.clone(), ed.clone()]).is_err());
    let twice = format!(r#"{{"keys":[],"keys":[{ed}]}}"#);
    for document in ["", "[]", "{}", r#"{"keys":{}}"#, "null", &twice] {
        assert!(
            VerifyingKeys::from_jwks(document.as_bytes()).is_err(),
            "{document}"
        );
    }
    assert_eq!(read(&[]).unwrap(), Vec::<String>::new());
}
