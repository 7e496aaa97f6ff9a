//! The verifier: how it fetches and caches keys, and how it behaves in outages.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use hallpass::{
    CurrentUser, ErrorKind, Result, Secrets,
    clock::ManualClock,
    error::BoxError,
    secret::{AccessToken, Secret},
    token::SigningAlgorithm,
    verifier::{FetchJwks, KeySource, Verifier},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::app::{App, PUBLIC_URL, app_with, race};

const ANN: &str = "ann@example.org";

/// The document of an issuer, and the number of times it was fetched.
#[derive(Clone, Debug)]
struct Published(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` during an outage.
    document: Mutex<Option<String>>,
    fetches: Mutex<usize>,
    /// A fetch ends only when it gets a permit from this gate.
    gate: Semaphore,
}

#[async_trait]
impl FetchJwks for Published {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        *self.0.fetches.lock().unwrap() += 1;
        drop(self.0.gate.acquire().await?);
        let document = self.0.document.lock().unwrap().clone();
        document.map(String::into_bytes).ok_or("away".into())
    }
}

impl Published {
    fn nothing() -> Self {
        Self(Arc::new(Inner {
            document: Mutex::default(),
            fetches: Mutex::default(),
            gate: Semaphore::new(1),
        }))
    }

    fn by(app: &App) -> Self {
        let published = Self::nothing();
        published.set(&app.auth.jwks());
        published
    }

    fn set(&self, document: &Value) {
        *self.0.document.lock().unwrap() = Some(document.to_string());
    }

    fn is_away(&self) {
        *self.0.document.lock().unwrap() = None;
    }

    fn fetches(&self) -> usize {
        *self.0.fetches.lock().unwrap()
    }

    fn verifier(&self, clock: &ManualClock) -> Verifier {
        Verifier::builder(KeySource::remote(self.clone()))
            .issuer(PUBLIC_URL)
            .clock(clock.clone())
            .build()
            .unwrap()
    }

    /// Waits until a background fetch has begun and yielded.
    async fn was_fetched(&self, times: usize) {
        while self.fetches() < times || self.0.gate.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}

async fn verify(verifier: &Verifier, token: &str) -> Result<CurrentUser, ErrorKind> {
    let verified = verifier.verify(&AccessToken::from(token)).await;
    verified.map_err(|error| error.kind())
}

/// A token that is signed with an unknown key.
async fn forged() -> String {
    let other = app_with(|builder| builder.secrets(Secret::generate())).await;
    other.join(ANN).await.access
}

const INVALID: ErrorKind = ErrorKind::InvalidAccessToken;

#[tokio::test]
async fn a_document_is_enough_to_verify() {
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256] {
        let app = app_with(|builder| builder.signing_algorithm(algorithm)).await;
        let access = app.join(ANN).await.access;
        let keys = KeySource::document(app.auth.jwks().to_string()).unwrap();
        let of = |issuer: &str, audience: &str| {
            let builder = Verifier::builder(keys.clone()).issuer(issuer);
            let builder = builder.audience(audience).clock(app.clock.clone());
            builder.build().unwrap()
        };
        let verifier = of(PUBLIC_URL, "hallpass");
        let own = verify(&app.auth.verifier(), &access).await.unwrap();
        let caller = verify(&verifier, &access).await.unwrap();
        assert_eq!((caller.id(), caller.roles()), (own.id(), own.roles()));
        for other in [
            of("https://id.example.com", "hallpass"),
            of(PUBLIC_URL, "notes"),
        ] {
            assert_eq!(verify(&other, &access).await.unwrap_err(), INVALID);
        }
        assert_eq!(
            verify(&verifier, &forged().await).await.unwrap_err(),
            INVALID
        );
        app.advance(600);
        assert_eq!(verify(&verifier, &access).await.unwrap_err(), INVALID);
    }
}

#[tokio::test]
async fn a_verifier_with_invalid_settings_is_refused() {
    let symmetric = json!({"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]});
    for document in ["", "{}", r#"{"keys":[]}"#, &symmetric.to_string()] {
        let error = KeySource::document(document).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{document}");
    }
    let keys = KeySource::remote(Published::nothing());
    for builder in [
        Verifier::builder(keys.clone()),
        Verifier::builder(keys.clone()).issuer(""),
        Verifier::builder(keys).issuer(PUBLIC_URL).audience(""),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[tokio::test]
async fn keys_are_fetched_on_first_use_and_after_ten_minutes() {
    let app = app_with(|builder| builder).await;
    let published = Published::by(&app);
    let verifier = published.verifier(&app.clock);
    assert_eq!(published.fetches(), 0);
    let access = Arc::new(app.join(ANN).await.access);
    let verified = race(50, |_| {
        let (verifier, access) = (verifier.clone(), Arc::clone(&access));
        async move { verify(&verifier, &access).await.is_ok() }
    })
    .await;
    assert!(verified.into_iter().all(|ok| ok));
    app.advance(599);
    verify(&verifier, &access).await.unwrap();
    assert_eq!(published.fetches(), 1);
    app.advance(1);
    let access = app.login(ANN).await.access;
    verify(&verifier, &access).await.unwrap();
    published.was_fetched(2).await;
    verify(&verifier, &access).await.unwrap();
    assert_eq!(published.fetches(), 2);
}

#[tokio::test]
async fn an_issuer_changes_its_keys_and_no_token_is_refused() {
    let app = app_with(|builder| builder).await;
    let published = Published::by(&app);
    let verifier = published.verifier(&app.clock);
    let (old, new) = (app.secret.clone(), Secret::generate());
    let first = app.join(ANN).await.access;
    verify(&verifier, &first).await.unwrap();

    // The new key is second: it is published but does not sign yet.
    let secrets = Secrets::new(old.clone(), vec![new.clone()]).unwrap();
    let second = app
        .another(|builder| builder.secrets(secrets.clone()))
        .await;
    published.set(&second.auth.jwks());
    app.advance(60);
    verify(&verifier, &second.login(ANN).await.access)
        .await
        .unwrap();
    assert_eq!(published.fetches(), 1);

    // Then the new key is first: the verifier does not know it yet, so the keys are fetched.
    let secrets = Secrets::new(new.clone(), vec![old]).unwrap();
    let third = app
        .another(|builder| builder.secrets(secrets.clone()))
        .await;
    published.set(&third.auth.jwks());
    let access = third.login(ANN).await.access;
    verify(&verifier, &access).await.unwrap();
    verify(&verifier, &first).await.unwrap();
    assert_eq!(published.fetches(), 2);

    // Then the old key is dropped: even a cached token is refused after the next fetch.
    let last = app.another(|builder| builder.secrets(new.clone())).await;
    published.set(&last.auth.jwks());
    verify(&verifier, &first).await.unwrap();
    app.advance(60);
    assert_eq!(
        verify(&verifier, &forged().await).await.unwrap_err(),
        INVALID
    );
    assert_eq!(published.fetches(), 3);
    assert_eq!(verify(&verifier, &first).await.unwrap_err(), INVALID);
    verify(&verifier, &access).await.unwrap();
}

#[tokio::test]
async fn a_dropped_key_is_not_trusted_after_a_long_pause() {
    let app = app_with(|builder| builder).await;
    let published = Published::by(&app);
    let verifier = published.verifier(&app.clock);
    verify(&verifier, &app.join(ANN).await.access)
        .await
        .unwrap();
    app.advance(1200);
    let access = app.login(ANN).await.access;
    published.set(&json!({"keys": []}));
    assert_eq!(verify(&verifier, &access).await.unwrap_err(), INVALID);
}

#[tokio::test]
async fn forged_keys_cause_one_fetch_a_minute() {
    let app = app_with(|builder| builder).await;
    let published = Published::by(&app);
    let verifier = published.verifier(&app.clock);
    let good = app.join(ANN).await.access;
    verify(&verifier, &good).await.unwrap();
    let forged = Arc::new(forged().await);
    for minute in 1..4 {
        let refused = race(100, |_| {
            let (verifier, forged) = (verifier.clone(), Arc::clone(&forged));
            async move { verify(&verifier, &forged).await.err() }
        })
        .await;
        assert!(refused.into_iter().all(|kind| kind == Some(INVALID)));
        assert_eq!(published.fetches(), minute);
        app.advance(59);
        assert_eq!(verify(&verifier, &forged).await.unwrap_err(), INVALID);
        assert_eq!(published.fetches(), minute);
        app.advance(1);
        // It does so during the outage as well.
        if minute == 2 {
            published.is_away();
        }
    }
    verify(&verifier, &good).await.unwrap();
}

#[tokio::test]
async fn an_outage_of_the_issuer_affects_new_keys_only() {
    let app = app_with(|builder| builder).await;
    let published = Published::by(&app);
    let verifier = published.verifier(&app.clock);
    verify(&verifier, &app.join(ANN).await.access)
        .await
        .unwrap();
    published.is_away();
    for _ in 0..60 {
        app.advance(60);
        let access = app.login(ANN).await.access;
        verify(&verifier, &access).await.unwrap();
        verify(&verifier, &access).await.unwrap();
    }
    let during = published.fetches();
    assert!((40..=61).contains(&during), "{during}");

    let rotated = app
        .another(|builder| builder.secrets(Secret::generate()))
        .await;
    let access = rotated.login(ANN).await.access;
    assert_eq!(verify(&verifier, &access).await.unwrap_err(), INVALID);
    published.set(&rotated.auth.jwks());
    app.advance(60);
    verify(&verifier, &access).await.unwrap();
}

#[tokio::test]
async fn a_token_cannot_be_judged_without_any_keys() {
    let app = app_with(|builder| builder).await;
    let access = app.join(ANN).await.access;
    let published = Published::nothing();
    let verifier = published.verifier(&app.clock);
    for _ in 0..3 {
        let error = verifier.verify(&AccessToken::from(access.as_str())).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    }
    assert_eq!(published.fetches(), 1);
    published.set(&app.auth.jwks());
    app.advance(60);
    verify(&verifier, &access).await.unwrap();
}

#[tokio::test]
async fn an_invalid_document_changes_nothing() {
    let app = app_with(|builder| builder).await;
    let published = Published::by(&app);
    let verifier = published.verifier(&app.clock);
    let good = app.join(ANN).await.access;
    verify(&verifier, &good).await.unwrap();
    let key = app.auth.jwks()["keys"][0].clone();
    let forged = forged().await;
    for document in [
        json!("jwks"),
        json!({"keys": "all"}),
        json!({"keys": [key, key]}),
        json!({"keys": [], "padding": " ".repeat(64 * 1024)}),
    ] {
        published.set(&document);
        app.advance(60);
        let fetches = published.fetches();
        assert_eq!(verify(&verifier, &forged).await.unwrap_err(), INVALID);
        assert_eq!(published.fetches(), fetches + 1);
        verify(&verifier, &good).await.unwrap();
    }
}

#[tokio::test]
async fn a_disconnected_caller_ends_no_fetch() {
    let app = app_with(|builder| builder).await;
    let published = Published::by(&app);
    let verifier = published.verifier(&app.clock);
    let access = app.join(ANN).await.access;
    let closed = published.0.gate.acquire().await.unwrap();
    tokio::select! {
        biased;
        _ = verify(&verifier, &access) => panic!("the fetch cannot have ended"),
        () = async { while published.fetches() == 0 { tokio::task::yield_now().await } } => {}
    }
    drop(closed);
    verify(&verifier, &access).await.unwrap();
    assert_eq!(published.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unresponsive_issuer_is_given_up_after_five_seconds() {
    let published = Published::nothing();
    let _closed = published.0.gate.acquire().await.unwrap();
    let verifier = published.verifier(&ManualClock::new());
    let begun = tokio::time::Instant::now();
    let kind = verify(&verifier, "x").await.unwrap_err();
    assert_eq!(kind, ErrorKind::Unavailable);
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_clock_set_back_stops_no_renewal() {
    let app = app_with(|builder| builder).await;
    let published = Published::by(&app);
    let verifier = published.verifier(&app.clock);
    app.clock.advance(Duration::from_secs(86_400));
    verify(&verifier, "x").await.unwrap_err();
    app.clock.rewind(Duration::from_secs(86_400));
    verify(&verifier, &app.join(ANN).await.access)
        .await
        .unwrap();
    published.was_fetched(2).await;
    verify(&verifier, &app.login(ANN).await.access)
        .await
        .unwrap();
    assert_eq!(published.fetches(), 2);
}
