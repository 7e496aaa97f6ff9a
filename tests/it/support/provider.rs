//! A configurable OpenID Connect provider with faults.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, PublicKeyX509Der},
    hmac, rand, rsa,
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use axum::{
    Form, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass::clock::{Clock as _, ManualClock};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const CLIENT_ID: &str = "hallpass";
pub(crate) const CLIENT_SECRET: &str = "a secret: of 100%";

type Change<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// The faults of the provider.
#[derive(Clone)]
pub(crate) struct Behaviour {
    /// Changes the claims of ID tokens.
    pub(crate) claims: Change<Map<String, Value>>,
    /// Changes the headers of ID tokens.
    pub(crate) header: Change<Map<String, Value>>,
    /// Changes the discovery document.
    pub(crate) discovery: Change<Value>,
    /// Changes the JWK Set.
    pub(crate) jwks: Change<Value>,
    /// Changes the reply of the token endpoint.
    pub(crate) token: Change<Map<String, Value>>,
    /// Changes the reply of the userinfo endpoint.
    pub(crate) userinfo: Change<Map<String, Value>>,
    pub(crate) signing: Signing,
    /// The paths that have another reply.
    pub(crate) instead: HashMap<&'static str, (u16, String)>,
    /// The delay of each reply.
    pub(crate) delay: Duration,
}

/// The signature of ID tokens.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Signing {
    Right,
    /// Signed with another key.
    Wrong,
    /// Not signed: `alg: none`.
    Not,
    /// Signed by HMAC, with the public key as the secret.
    PublicKeyAsSecret,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            claims: Arc::new(|_| {}),
            header: Arc::new(|_| {}),
            discovery: Arc::new(|_| {}),
            jwks: Arc::new(|_| {}),
            token: Arc::new(|_| {}),
            userinfo: Arc::new(|_| {}),
            signing: Signing::Right,
            instead: HashMap::new(),
            delay: Duration::ZERO,
        }
    }
}

/// A provider on loopback. Stopped on drop.
pub(crate) struct FakeProvider {
    pub(crate) issuer: String,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

struct Inner {
    issuer: String,
    clock: Mutex<ManualClock>,
    behaviour: Mutex<Behaviour>,
    /// The keys. The current one comes first.
    keys: Mutex<Vec<Arc<Key>>>,
    stranger: Key,
    /// The granted sign-ins, by code.
    granted: Mutex<HashMap<String, Granted>>,
    calls: Mutex<Vec<&'static str>>,
}

struct Key {
    kid: String,
    pair: rsa::KeyPair,
}

/// A user who has signed in.
struct Granted {
    challenge: String,
    redirect_uri: String,
    nonce: Option<String>,
    claims: Map<String, Value>,
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let issuer = format!("http://{address}");
        let inner = Arc::new(Inner {
            issuer: issuer.clone(),
            clock: Mutex::new(ManualClock::new()),
            behaviour: Mutex::default(),
            keys: Mutex::new(vec![Arc::new(Key::generate("first"))]),
            stranger: Key::generate("first"),
            granted: Mutex::default(),
            calls: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/elsewhere", get(async || "{}"))
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, router).await;
            served.expect("the provider runs");
        });
        Self {
            issuer,
            inner,
            task,
        }
    }

    /// Uses the time of this clock from now on.
    pub(crate) fn follow(&self, clock: &ManualClock) {
        *lock(&self.inner.clock) = clock.clone();
    }

    /// Sets the faults.
    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        let mut behaviour = Behaviour::default();
        change(&mut behaviour);
        *lock(&self.inner.behaviour) = behaviour;
    }

    /// Signs with a new key and stops publishing the old one.
    pub(crate) fn rotate(&self, kid: &str) {
        *lock(&self.inner.keys) = vec![Arc::new(Key::generate(kid))];
    }

    /// The number of calls to this path.
    pub(crate) fn calls(&self, path: &str) -> usize {
        let calls = lock(&self.inner.calls);
        calls.iter().filter(|called| **called == path).count()
    }

    /// Signs a user in at this URL, and returns the query of the callback.
    pub(crate) fn approve(&self, location: &str, claims: &Value) -> String {
        let (endpoint, query) = location.split_once('?').expect("a query");
        assert_eq!(endpoint, format!("{}/authorize", self.issuer));
        let sent = form(query);
        let sent = |name: &str| sent.get(name).cloned();
        assert_eq!(sent("response_type").as_deref(), Some("code"));
        assert_eq!(sent("client_id").as_deref(), Some(CLIENT_ID));
        assert_eq!(sent("code_challenge_method").as_deref(), Some("S256"));
        let scopes = sent("scope").expect("a scope");
        assert!(scopes.split(' ').any(|scope| scope == "openid"), "{scopes}");
        let code = URL_SAFE_NO_PAD.encode(random());
        let granted = Granted {
            challenge: sent("code_challenge").expect("a challenge"),
            redirect_uri: sent("redirect_uri").expect("a redirect URI"),
            nonce: sent("nonce"),
            claims: claims.as_object().expect("an object").clone(),
        };
        assert_eq!(granted.challenge.len(), 43);
        lock(&self.inner.granted).insert(code.clone(), granted);
        let state = sent("state").expect("a state");
        format!("code={code}&state={state}&session_state=x")
    }
}

impl Inner {
    /// Records the call and sends the configured reply.
    async fn enter(&self, path: &'static str) -> Result<Behaviour, Response> {
        lock(&self.calls).push(path);
        let behaviour = lock(&self.behaviour).clone();
        tokio::time::sleep(behaviour.delay).await;
        match behaviour.instead.get(path) {
            Some((status, body)) => Err(reply(*status, body.clone())),
            None => Ok(behaviour),
        }
    }

    fn id_token(&self, granted: &Granted, behaviour: &Behaviour) -> String {
        let key = Arc::clone(&lock(&self.keys)[0]);
        let now = lock(&self.clock).now().timestamp();
        let mut claims = granted.claims.clone();
        let fixed = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": granted.nonce,
        });
        claims.extend(fixed.as_object().expect("an object").clone());
        (behaviour.claims)(&mut claims);
        let alg = match behaviour.signing {
            Signing::Right | Signing::Wrong => "RS256",
            Signing::Not => "none",
            Signing::PublicKeyAsSecret => "HS256",
        };
        let mut header = json!({"alg": alg, "kid": key.kid, "typ": "JWT"});
        (behaviour.header)(header.as_object_mut().expect("an object"));
        let encode = |value: String| URL_SAFE_NO_PAD.encode(value);
        let message = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(Value::Object(claims).to_string())
        );
        let signature = match behaviour.signing {
            Signing::Right => key.sign(message.as_bytes()),
            Signing::Wrong => self.stranger.sign(message.as_bytes()),
            Signing::Not => Vec::new(),
            Signing::PublicKeyAsSecret => {
                let public = key.pair.public_key();
                let der: PublicKeyX509Der<'_> = AsDer::as_der(public).expect("the key has a form");
                let secret = hmac::Key::new(hmac::HMAC_SHA256, der.as_ref());
                hmac::sign(&secret, message.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Key {
    fn generate(kid: &str) -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048);
        Self {
            kid: kid.to_owned(),
            pair: pair.expect("a key"),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = rand::SystemRandom::new();
        let signed = self
            .pair
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
        signed.expect("the key signs");
        signature
    }

    fn jwk(&self) -> Value {
        // The RSAPublicKey of RFC 8017, for 2048 bits and the exponent 65537, has 9 bytes, the modulus, and 5 bytes.
        let der = self.pair.public_key().as_ref();
        let modulus = URL_SAFE_NO_PAD.encode(&der[9..265]);
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": modulus, "e": "AQAB"})
    }
}

/// The reply of a handler, or the reply that was configured.
type Answered = Result<Response, Response>;

async fn discovery(State(provider): State<Arc<Inner>>) -> Answered {
    let behaviour = provider.enter("/.well-known/openid-configuration").await?;
    let issuer = &provider.issuer;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    (behaviour.discovery)(&mut document);
    Ok(reply(200, document.to_string()))
}

async fn jwks(State(provider): State<Arc<Inner>>) -> Answered {
    let behaviour = provider.enter("/jwks").await?;
    let keys: Vec<Value> = lock(&provider.keys).iter().map(|key| key.jwk()).collect();
    let mut document = json!({"keys": keys});
    (behaviour.jwks)(&mut document);
    Ok(reply(200, document.to_string()))
}

async fn token(
    State(provider): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(body): Form<HashMap<String, String>>,
) -> Answered {
    let behaviour = provider.enter("/token").await?;
    // RFC 6749, section 2.3.1: each half is form-encoded first.
    let basic = format!("{CLIENT_ID}:a+secret%3A+of+100%25");
    let basic = base64::engine::general_purpose::STANDARD.encode(basic);
    let sent = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    if sent != Some(&format!("Basic {basic}")) {
        return Err(reply(401, json!({"error": "invalid_client"}).to_string()));
    }
    let granted = body
        .get("code")
        .and_then(|code| lock(&provider.granted).remove(code));
    let verifier = body.get("code_verifier").map(String::as_str);
    let challenge = verifier.map(|text| URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes())));
    let granted = granted.filter(|granted| {
        challenge.as_ref() == Some(&granted.challenge)
            && body.get("redirect_uri") == Some(&granted.redirect_uri)
            && body.get("grant_type").map(String::as_str) == Some("authorization_code")
    });
    let Some(granted) = granted else {
        return Err(reply(400, json!({"error": "invalid_grant"}).to_string()));
    };
    let id_token = provider.id_token(&granted, &behaviour);
    let access_token = Value::Object(granted.claims).to_string();
    let access_token = URL_SAFE_NO_PAD.encode(access_token);
    let mut body = json!({
        "access_token": access_token, "token_type": "Bearer", "expires_in": 60, "id_token": id_token,
    });
    (behaviour.token)(body.as_object_mut().expect("an object"));
    Ok(reply(200, body.to_string()))
}

async fn userinfo(State(provider): State<Arc<Inner>>, headers: HeaderMap) -> Answered {
    let behaviour = provider.enter("/userinfo").await?;
    let sent = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
    let claims = token.and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
    let claims = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    let Some(mut claims) = claims else {
        return Err(reply(401, String::new()));
    };
    (behaviour.userinfo)(&mut claims);
    Ok(reply(200, Value::Object(claims).to_string()))
}

fn reply(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let headers = [
        ("content-type", "application/json"),
        ("location", "/elsewhere"),
    ];
    (status, headers, body).into_response()
}

/// The parameters of a query.
pub(crate) fn form(query: &str) -> HashMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{query}")).expect("a query");
    url.query_pairs().into_owned().collect()
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("random bytes");
    bytes
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic holds the lock")
}
