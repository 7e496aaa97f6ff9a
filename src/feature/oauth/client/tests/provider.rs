//! A configurable fake provider: OpenID Connect and GitHub's API, over plain HTTP on loopback.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair, RsaPublicKeyComponents,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The paths of the provider's endpoints.
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "/jwks";
pub(crate) const TOKEN: &str = "/token";
pub(crate) const USERINFO: &str = "/userinfo";

/// A provider on its own port. It stops when it is dropped. If no reply is set for a path, the
/// answer is 404.
#[derive(Debug)]
pub(crate) struct FakeProvider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    replies: HashMap<String, Reply>,
    calls: Vec<Call>,
}

/// The provider's reply.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the provider never answers.
    pub(crate) hangs: bool,
}

/// A call to the provider.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(body: &Value) -> Self {
        Self::of(200, "application/json", body.to_string())
    }

    pub(crate) fn of(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", media_type.to_owned())],
            body: body.into(),
            hangs: false,
        }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self {
            headers: vec![("location", to.to_owned())],
            ..Self::of(302, "text/plain", "")
        }
    }

    pub(crate) fn hanging() -> Self {
        Self {
            hangs: true,
            ..Self::of(200, "text/plain", "")
        }
    }
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| answer(Arc::clone(&state), request));
                let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // It is not an error if a client disconnects.
                tokio::spawn(async move { drop(serving.await) });
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    /// The issuer.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the reply for the path.
    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        self.state().replies.insert(path.to_owned(), reply);
    }

    /// The number of calls to the path.
    pub(crate) fn count(&self, path: &str) -> usize {
        let state = self.state();
        state.calls.iter().filter(|call| call.path == path).count()
    }

    /// The last call to the path.
    pub(crate) fn last(&self, path: &str) -> Call {
        let state = self.state();
        let mut calls = state.calls.iter().rev();
        calls.find(|call| call.path == path).unwrap().clone()
    }

    /// Valid metadata.
    pub(crate) fn metadata(&self) -> Value {
        let url = self.url();
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}{TOKEN}"),
            "jwks_uri": format!("{url}{JWKS}"),
            "userinfo_endpoint": format!("{url}{USERINFO}"),
        })
    }

    /// Publishes valid metadata and these keys.
    pub(crate) fn publish(&self, keys: &[&Key]) {
        self.reply(DISCOVERY, Reply::json(&self.metadata()));
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.reply(JWKS, Reply::json(&json!({ "keys": keys })));
    }

    /// Returns this ID token for any code.
    pub(crate) fn issue(&self, id_token: &str) {
        let tokens = json!({
            "access_token": "access-1", "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
        });
        self.reply(TOKEN, Reply::json(&tokens));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let headers = request.headers().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let call = Call {
        path: path.clone(),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let reply = {
        let mut state = state.lock().unwrap();
        state.calls.push(call);
        state.replies.get(&path).cloned()
    };
    let reply = reply.unwrap_or_else(|| Reply::of(404, "text/plain", "not here"));
    if reply.hangs {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(reply.body.into())).unwrap())
}

/// One of the provider's keys.
pub(crate) struct Key {
    kid: &'static str,
    pair: Pair,
}

enum Pair {
    Ed(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    pub(crate) fn rsa(kid: &'static str) -> Self {
        let pair = Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
        Self { kid, pair }
    }

    pub(crate) fn p256(kid: &'static str) -> Self {
        let scheme = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = Pair::P256(EcdsaKeyPair::generate(scheme).unwrap());
        Self { kid, pair }
    }

    pub(crate) fn ed25519(kid: &'static str) -> Self {
        let pair = Pair::Ed(Ed25519KeyPair::generate().unwrap());
        Self { kid, pair }
    }

    /// The public key as it is published, as a JWK (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Pair::Rsa(pair) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": text(&parts.n), "e": text(&parts.e)})
            }
        };
        jwk["kid"] = self.kid.into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The header of the tokens that this key signs.
    pub(crate) fn header(&self) -> Value {
        let algorithm = match self.pair {
            Pair::Ed(_) => "EdDSA",
            Pair::P256(_) => "ES256",
            Pair::Rsa(_) => "RS256",
        };
        json!({"alg": algorithm, "kid": self.kid, "typ": "JWT"})
    }

    /// A token with this key's header.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    /// A token with any header.
    pub(crate) fn sign_with(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A token with any texts as header and claims, signed with the key. An RSA key signs with PSS
    /// if the header names a PSS algorithm.
    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", part(header), part(claims));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Pair::P256(pair) => {
                let signature = pair.sign(&random, message.as_bytes()).unwrap();
                signature.as_ref().to_vec()
            }
            Pair::Rsa(pair) => {
                let scheme: &'static dyn signature::RsaEncoding = if header.contains("PS256") {
                    &signature::RSA_PSS_SHA256
                } else {
                    &signature::RSA_PKCS1_SHA256
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(scheme, &random, message.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
