mod other_claims;

use serde_json::json;

use super::{
    super::claims::{RESERVED, decode_part},
    *,
};
use crate::{
    clock::{Clock as _, ManualClock},
    secret::{Secret, Secrets},
    token::{Method, SessionId, SigningAlgorithm},
    user::{Role, UserId, UserStatus},
};

const ISSUER: &str = "https://id.example.org";
const AUDIENCE: &str = "hallpass";
/// The claims that every token has.
const OURS: [&str; 12] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "jti",
    "sid",
    "roles",
    "client_id",
    "auth_time",
    "amr",
    "acr",
];
const ALGORITHMS: [SigningAlgorithm; 3] = [
    SigningAlgorithm::EdDsa,
    SigningAlgorithm::Es256,
    SigningAlgorithm::Hs256,
];

fn tokens(secrets: &Secrets, algorithm: SigningAlgorithm) -> AccessTokens {
    let keys = SigningKeys::derive(secrets, algorithm).unwrap();
    AccessTokens::new(
        keys,
        ISSUER.into(),
        AUDIENCE.into(),
        AUDIENCE.into(),
        Duration::from_secs(600),
    )
}

fn user(now: Timestamp) -> User {
    User {
        id: UserId::new(now),
        email: "ann@example.org".parse().unwrap(),
        email_verified_at: None,
        roles: [Role::USER].into_iter().collect(),
        status: UserStatus::Active,
        display_name: None,
        metadata: Map::new(),
        created_at: now,
        updated_at: now,
        last_login_at: None,
        locale: None,
    }
}

/// A session that was opened with a password ten minutes ago.
fn signed_in(now: Timestamp) -> Authentication {
    Authentication {
        session_id: SessionId::new(now),
        at: now - Duration::from_secs(600),
        methods: [Method::Password].into_iter().collect(),
    }
}

/// Signs any header and claims with the service's key.
struct Forge {
    tokens: AccessTokens,
    now: Timestamp,
    header: Value,
    claims: Value,
}

impl Forge {
    fn new() -> Self {
        let now = ManualClock::new().now();
        let tokens = tokens(&Secret::generate().into(), SigningAlgorithm::EdDsa);
        let kid = tokens.keys.first().unwrap().verifying.kid.clone();
        let iat = now.timestamp();
        let id = || UserId::new(now).to_string();
        Self {
            header: json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }),
            claims: json!({
                "iss": ISSUER, "sub": id(), "aud": AUDIENCE, "exp": iat + 600, "iat": iat,
                "jti": id(), "sid": id(), "roles": ["user"], "client_id": AUDIENCE, "auth_time": iat, "amr": ["pwd"],
                "acr": "urn:hallpass:aal1",
            }),
            tokens,
            now,
        }
    }

    fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = self
            .tokens
            .keys
            .first()
            .unwrap()
            .sign(message.as_bytes())
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        self.sign(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    fn accepts(&self, token: &str) -> bool {
        self.tokens.verify(token, self.now).is_ok()
    }

    fn accepts_claims(&self, change: impl FnOnce(&mut Value)) -> bool {
        let mut claims = self.claims.clone();
        change(&mut claims);
        self.accepts(&self.token(&self.header, &claims))
    }

    fn accepts_header(&self, change: impl FnOnce(&mut Value)) -> bool {
        let mut header = self.header.clone();
        change(&mut header);
        self.accepts(&self.token(&header, &self.claims))
    }
}

#[test]
fn an_issued_token_names_the_caller_until_it_expires() {
    for algorithm in ALGORITHMS {
        let clock = ManualClock::new();
        let tokens = tokens(&Secret::generate().into(), algorithm);
        let user = user(clock.now());
        let authentication = signed_in(clock.now());
        let token = tokens
            .issue(&user, &authentication, None, &Map::new(), clock.now())
            .unwrap();
        for _ in 0..2 {
            let current = tokens.verify(token.expose(), clock.now()).unwrap();
            let session = authentication.session_id;
            assert_eq!((current.id(), current.session_id()), (user.id, session));
            let seconds = authentication.at.timestamp();
            assert_eq!(current.authenticated_at().timestamp(), seconds);
            assert_eq!(current.methods(), &authentication.methods);
            assert_eq!(current.acr(), "urn:hallpass:aal1");
            assert!(current.has_role(&Role::USER) && !current.has_role(&Role::ADMIN));
        }
        clock.advance(Duration::from_secs(600));
        assert!(
            tokens.verify(token.expose(), clock.now()).is_err(),
            "{algorithm:?}"
        );
    }
}

#[test]
fn keys_are_deterministic_and_published_without_secrets() {
    let secrets = Secrets::from(Secret::generate());
    for algorithm in ALGORITHMS {
        let now = ManualClock::new().now();
        let token = tokens(&secrets, algorithm)
            .issue(&user(now), &signed_in(now), None, &Map::new(), now)
            .unwrap();
        let again = tokens(&secrets, algorithm);
        assert!(again.verify(token.expose(), now).is_ok());
        let jwks = again.keys.jwks();
        let expected = usize::from(algorithm != SigningAlgorithm::Hs256);
        assert_eq!(jwks["keys"].as_array().unwrap().len(), expected);
        assert!(
            jwks["keys"]
                .as_array()
                .unwrap()
                .iter()
                .all(|key| key.get("d").is_none() && key.get("k").is_none())
        );
    }
}

#[test]
fn a_key_in_the_overlap_verifies_and_a_dropped_one_does_not() {
    let (old, new) = (Secret::generate(), Secret::generate());
    let now = ManualClock::new().now();
    let token = tokens(&old.clone().into(), SigningAlgorithm::EdDsa)
        .issue(&user(now), &signed_in(now), None, &Map::new(), now)
        .unwrap();
    let both = Secrets::new(new.clone(), vec![old]).unwrap();
    assert!(
        tokens(&both, SigningAlgorithm::EdDsa)
            .verify(token.expose(), now)
            .is_ok()
    );
    assert!(
        tokens(&new.into(), SigningAlgorithm::EdDsa)
            .verify(token.expose(), now)
            .is_err()
    );
}

#[test]
fn the_forge_makes_good_tokens_without_changes() {
    let forge = Forge::new();
    assert!(forge.accepts_claims(|_| ()));
    assert!(forge.accepts_header(|_| ()));
}

#[test]
fn a_header_has_exactly_our_shape() {
    let forge = Forge::new();
    for (member, value) in [
        ("alg", json!("none")),
        ("alg", json!("None")),
        ("alg", json!("")),
        ("alg", json!(null)),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("typ", json!("JWT")),
        ("typ", json!("logout+jwt")),
        ("typ", json!(null)),
        ("kid", json!("unknown")),
        ("kid", json!("../../etc/passwd")),
        ("kid", json!("\0")),
        ("kid", json!(1)),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("jwk", json!({ "kty": "OKP" })),
        ("jku", json!("https://evil.example")),
        ("x5u", json!("https://evil.example")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("zip", json!("DEF")),
    ] {
        assert!(
            !forge.accepts_header(|header| header[member] = value.clone()),
            "{member}: {value}"
        );
    }
    for member in ["alg", "typ", "kid"] {
        let drop = |header: &mut Value| drop(header.as_object_mut().unwrap().remove(member));
        assert!(!forge.accepts_header(drop), "without {member}");
    }
}

#[test]
fn claims_have_exactly_our_shape() {
    let forge = Forge::new();
    let iat = forge.now.timestamp();
    for (member, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!([ISSUER])),
        ("iss", json!(1)),
        ("aud", json!("other")),
        ("aud", json!([AUDIENCE])),
        ("aud", json!(null)),
        ("aud", json!({})),
        ("exp", json!((iat + 600).to_string())),
        ("exp", json!(iat as f64 + 600.5)),
        ("exp", json!(-1)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(iat)),
        ("exp", json!(iat - 1)),
        ("exp", json!(iat + 3601)),
        ("iat", json!(iat + 60)),
        ("iat", json!(i64::MIN)),
        ("iat", json!("now")),
        ("nbf", json!(iat + 60)),
        ("sub", json!("")),
        ("sub", json!("ann\0")),
        ("sub", json!("00000000-0000-0000-0000-00000000000G")),
        ("sid", json!(null)),
        ("jti", json!("x")),
        ("roles", json!("admin")),
        ("roles", json!(["ADMIN"])),
        ("nbf", json!(iat)),
        ("permissions", json!(null)),
        ("permissions", json!("users:read")),
        ("permissions", json!(["USERS"])),
        ("client_id", json!(null)),
        ("client_id", json!([AUDIENCE])),
        ("auth_time", json!("now")),
        ("auth_time", json!(iat as f64 + 0.5)),
        ("auth_time", json!(i64::MAX)),
        ("amr", json!("pwd")),
        ("amr", json!([1])),
        ("acr", json!(1)),
    ] {
        assert!(
            !forge.accepts_claims(|claims| claims[member] = value.clone()),
            "{member}: {value}"
        );
    }
    for member in OURS {
        let drop = |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove(member));
        assert!(!forge.accepts_claims(drop), "without {member}");
    }
    let capitals = json!("0190ABCD-0000-7000-8000-000000000000");
    assert!(!forge.accepts_claims(|claims| claims["sub"] = capitals));
}

#[test]
fn json_tricks_are_refused() {
    let forge = Forge::new();
    let (header, claims) = (forge.header.to_string(), forge.claims.to_string());
    let values: Vec<_> = OURS.map(|m| forge.claims[m].clone()).into();
    let array = Value::from(values).to_string();
    let duplicated = claims.replacen('{', r#"{"sub":"x","#, 1);
    let escaped = claims.replacen('{', r#"{"\u0073ub":"x","#, 1);
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(1000), "]".repeat(1000));
    let bom = format!("\u{feff}{claims}");
    let trailing = format!("{claims}{{}}");
    for body in [
        &array,
        &duplicated,
        &escaped,
        &deep,
        &bom,
        &trailing,
        "",
        "null",
        "\"x\"",
        "{",
    ] {
        assert!(
            !forge.accepts(&forge.sign(header.as_bytes(), body.as_bytes())),
            "{body}"
        );
    }
    let twice = header.replacen('{', r#"{"alg":"EdDSA","#, 1);
    let header_array = r#"["EdDSA","at+jwt","x"]"#;
    for head in [twice.as_str(), header_array, "", "null"] {
        assert!(
            !forge.accepts(&forge.sign(head.as_bytes(), claims.as_bytes())),
            "{head}"
        );
    }
    assert!(!forge.accepts(&forge.sign(header.as_bytes(), b"\xff\xfe")));
}

#[test]
fn the_compact_form_has_one_spelling() {
    let forge = Forge::new();
    let token = forge.token(&forge.header, &forge.claims);
    assert!(forge.accepts(&token));
    let (message, signature) = token.rsplit_once('.').unwrap();
    let unsigned = format!("{message}.");
    let swapped = format!("{signature}.{message}");
    for changed in [
        "".into(),
        "..".into(),
        ".".repeat(10_000),
        unsigned,
        swapped,
        message.to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.x"),
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}A"),
        token[..token.len() - 1].to_owned(),
        token.replace('-', "+").replace('_', "/") + "+",
        "A".repeat(10_000_000),
        format!("{message}.{}", "A".repeat(9000)),
        json!({ "payload": message, "signature": signature }).to_string(),
    ] {
        assert!(
            !forge.accepts(&changed),
            "{}",
            &changed[..changed.len().min(80)]
        );
    }
    for index in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        assert!(
            !forge.accepts(std::str::from_utf8(&changed).unwrap()),
            "character {index}"
        );
    }
}

#[test]
fn the_public_key_is_not_accepted_as_an_hmac_secret() {
    let forge = Forge::new();
    let jwk = forge.tokens.keys.jwks()["keys"][0].clone();
    let public = decode_part(jwk["x"].as_str().unwrap()).unwrap();
    let mut header = forge.header.clone();
    header["alg"] = json!("HS256");
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(forge.claims.to_string())
    );
    let tag = crate::secret::HmacKey::new(&public).tag(message.as_bytes());
    assert!(!forge.accepts(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))));
}

#[test]
fn a_remembered_token_still_expires_and_admits_no_other() {
    let forge = Forge::new();
    let token = forge.token(&forge.header, &forge.claims);
    assert!(forge.accepts(&token) && forge.accepts(&token));
    let later = forge.now + Duration::from_secs(600);
    assert!(forge.tokens.verify(&token, later).is_err());
    let mut changed = token.clone();
    changed.pop();
    changed.push(if token.ends_with('A') { 'Q' } else { 'A' });
    assert!(!forge.accepts(&changed));
}

#[test]
fn the_memory_of_verified_tokens_is_bounded() {
    let tokens = tokens(&Secret::generate().into(), SigningAlgorithm::Hs256);
    let now = ManualClock::new().now();
    for _ in 0..20_000 {
        let token = tokens
            .issue(&user(now), &signed_in(now), None, &Map::new(), now)
            .unwrap();
        tokens.verify(token.expose(), now).unwrap();
    }
    let (weight, most) = tokens.check.memory();
    assert!(weight <= most && weight > most / 2);
}

#[test]
fn pem_keys_of_both_kinds_sign_and_others_are_refused() {
    for pem in [
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\nOF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----\n",
    ] {
        let keys = SigningKeys::from_pem([pem]).unwrap();
        let tokens = AccessTokens::new(
            keys,
            ISSUER.into(),
            AUDIENCE.into(),
            AUDIENCE.into(),
            Duration::from_secs(600),
        );
        let now = ManualClock::new().now();
        let token = tokens
            .issue(&user(now), &signed_in(now), None, &Map::new(), now)
            .unwrap();
        assert!(tokens.verify(token.expose(), now).is_ok());
    }
    assert!(
        SigningKeys::from_pem(["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
            .is_err()
    );
    assert!(SigningKeys::from_pem(["no pem"]).is_err());
    assert!(SigningKeys::from_pem([]).is_err());
}
