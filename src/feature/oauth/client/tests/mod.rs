mod exchange;
mod fetching;
mod github;
mod id_token;
mod profile;
mod provider;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use self::provider::{DISCOVERY, FakeProvider, JWKS, Key, Reply, TOKEN, USERINFO};
use super::{Answer, Authorization, Client, ProviderFault};
use crate::{
    clock::{Clock as _, ManualClock},
    feature::oauth::provider::Provider,
    identity::Assertion,
};

const NONCE: &str = "nonce-1";
const STATE: &str = "state-1";
const VERIFIER: &str = "verifier-verifier-verifier-verifier-verifier";
const BACK: &str = "http://localhost:8000/auth/oauth/acme/callback";

/// A provider, its client, and a clock.
struct Scene {
    provider: FakeProvider,
    key: Key,
    clock: ManualClock,
    client: Client,
}

impl Scene {
    /// A scene with a valid configuration.
    async fn sound() -> Self {
        Self::with(Key::p256("k1"), |it| it).await
    }

    async fn with(key: Key, set: impl FnOnce(Provider) -> Provider) -> Self {
        let provider = FakeProvider::start().await;
        provider.publish(&[&key]);
        let clock = ManualClock::new();
        let configured = set(Provider::oidc("acme", provider.url(), "notes"));
        let client = Client::new(configured, Arc::new(clock.clone())).expect("it is valid");
        let scene = Self {
            provider,
            key,
            clock,
            client,
        };
        scene.issue(&scene.claims());
        scene
    }

    /// The claims of a valid ID token.
    fn claims(&self) -> Value {
        let now = self.clock.now().timestamp();
        json!({
            "iss": self.provider.url(), "sub": "ann-1", "aud": "notes", "exp": now + 300, "iat": now,
            "nonce": NONCE, "email": "ann@example.org", "email_verified": true, "name": "Ann",
        })
    }

    /// The valid claims, with the claim `name` changed or removed.
    fn claims_but(&self, name: &str, value: Option<Value>) -> Value {
        let mut claims = self.claims();
        let members = claims.as_object_mut().expect("claims are an object");
        match value {
            Some(value) => members.insert(name.to_owned(), value),
            None => members.remove(name),
        };
        claims
    }

    fn issue(&self, claims: &Value) {
        self.provider.issue(&self.key.sign(claims));
    }

    /// Changes one member of the metadata.
    fn metadata(&self, name: &str, value: Value) {
        let mut metadata = self.provider.metadata();
        metadata[name] = value;
        self.provider.reply(DISCOVERY, Reply::json(&metadata));
    }

    async fn identify(&self) -> Result<Assertion, ProviderFault> {
        let identified = self.client.identify(&answer(None)).await?;
        Ok(identified.assertion)
    }

    /// The reason why user info fails for a signed-in user.
    async fn unknown_address(&self) -> String {
        let identified = self.client.identify(&answer(None)).await;
        let identified = identified.expect("the token is valid");
        assert_eq!(identified.assertion.subject, "ann-1");
        let fault = identified.fault.expect("the address cannot be asked for");
        assert!(identified.assertion.email.is_none());
        fault.to_string()
    }

    async fn fault(&self) -> String {
        match self.identify().await {
            Ok(assertion) => panic!("it was taken: {assertion:?}"),
            Err(fault) => fault.to_string(),
        }
    }
}

fn answer(iss: Option<&str>) -> Answer<'_> {
    Answer {
        code: "code-1",
        iss,
        redirect_uri: BACK,
        nonce: NONCE,
        verifier: VERIFIER,
    }
}

fn flow() -> Authorization<'static> {
    Authorization {
        redirect_uri: BACK,
        state: STATE,
        nonce: NONCE,
        verifier: VERIFIER,
    }
}

const MINUTE: Duration = Duration::from_secs(61);
