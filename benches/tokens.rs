//! Access and refresh tokens, through the API that hosts call. The store is in memory, so only our code is measured.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "the macros generate undocumented items, and a benchmark fails by panicking"
)]

use std::hint::black_box;

use async_trait::async_trait;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hallpass::{
    Auth, Login, Registration, SignIn,
    error::BoxError,
    event::ClientInfo,
    mail::Mailbox,
    memory::MemoryStore,
    secret::{AccessToken, RefreshToken, Secret, SessionCookie},
    token::{SessionKind, TokenPair},
    verifier::{FetchJwks, KeySource, Verifier},
};
use tokio::runtime::Runtime;

const PASSWORD: &str = "long enough to be taken";

criterion_main!(benches);
criterion_group!(benches, access, refresh, cookie);

fn access(c: &mut Criterion) {
    let secret = Secret::generate();
    let auth = auth(&secret);
    let token = Runtime::new()
        .expect("a runtime")
        .block_on(sign_in(&auth))
        .access_token;
    let mut group = c.benchmark_group("access token");
    group.bench_function("verified for the first time", |b| {
        let fresh = || self::auth(&secret);
        b.iter_batched(fresh, |auth| verify(auth, &token), BatchSize::SmallInput);
    });
    group.bench_function("verified again", |b| {
        b.iter(|| auth.verify(black_box(&token)).expect("the token is ours"));
    });
    let runtime = Runtime::new().expect("a runtime");
    let verifier = elsewhere(&auth);
    group.bench_function("verified again, elsewhere", |b| {
        b.to_async(&runtime).iter(async || {
            let verified = verifier.verify(black_box(&token)).await;
            verified.expect("the issuer made the token")
        });
    });
}

/// The verifier of another service, which fetches the keys.
fn elsewhere(auth: &Auth) -> Verifier {
    let jwks = auth.jwks().to_string();
    Verifier::builder(KeySource::remote(Published(jwks)))
        .issuer("https://example.org")
        .build()
        .expect("the settings are valid")
}

#[derive(Debug)]
struct Published(String);

#[async_trait]
impl FetchJwks for Published {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        Ok(self.0.clone().into_bytes())
    }
}

/// Returns the `Auth`, so that dropping it is not measured.
fn verify(auth: Auth, token: &AccessToken) -> Auth {
    black_box(auth.verify(token).expect("the token is ours"));
    auth
}

fn refresh(c: &mut Criterion) {
    let auth = auth(&Secret::generate());
    let runtime = Runtime::new().expect("a runtime");
    let mut token = runtime.block_on(sign_in(&auth)).refresh_token;
    let client = ClientInfo::default();
    let mut group = c.benchmark_group("refresh token");
    let forged = RefreshToken::from(with_another_tag(token.expose()));
    group.bench_function("forged, refused", |b| {
        b.iter(|| {
            runtime
                .block_on(auth.refresh(black_box(&forged), &client))
                .is_err()
        });
    });
    // An exchange checks the tag, derives and seals the successor, digests both tokens, rotates the session and issues
    // an access token.
    group.bench_function("exchanged for the next pair", |b| {
        b.iter(|| {
            let pair = runtime.block_on(auth.refresh(&token, &client));
            token = pair.expect("the token is current").refresh_token;
        });
    });
}

/// A forged cookie costs the check of its tag, and no query.
fn cookie(c: &mut Criterion) {
    let auth = auth(&Secret::generate());
    let runtime = Runtime::new().expect("a runtime");
    let email = "ann@example.org".parse().expect("an address");
    let cookie = runtime.block_on(async {
        sign_in(&auth).await;
        let login = Login::new(email, PASSWORD).with_kind(SessionKind::browser(true));
        match auth.login(login).await {
            Ok(SignIn::Browser { session, .. }) => session.cookie.value,
            other => panic!("no browser session: {other:?}"),
        }
    });
    let mut group = c.benchmark_group("cookie");
    let forged = SessionCookie::from(with_another_tag(cookie.expose()).as_str());
    group.bench_function("forged, refused", |b| {
        b.iter(|| {
            runtime
                .block_on(auth.current_user(black_box(&forged)))
                .is_err()
        });
    });
    group.bench_function("of a live session", |b| {
        b.iter(|| {
            let caller = runtime.block_on(auth.current_user(black_box(&cookie)));
            caller.expect("the session is live")
        });
    });
}

/// The same text with another tag.
fn with_another_tag(token: &str) -> String {
    let (start, end) = token.split_at(token.len() - 8);
    let other = if end.starts_with('A') { 'B' } else { 'A' };
    let rest = end.get(1..).unwrap_or_default();
    format!("{start}{other}{rest}")
}

fn auth(secret: &Secret) -> Auth {
    Auth::builder()
        .store(MemoryStore::new())
        .secrets(secret.clone())
        .public_url("https://example.org")
        .mailer(Mailbox::new())
        .build()
        .expect("the settings are valid")
}

async fn sign_in(auth: &Auth) -> TokenPair {
    let email: hallpass::user::EmailAddress = "ann@example.org".parse().expect("an address");
    let registration = Registration::new(email.clone(), PASSWORD);
    auth.register(registration)
        .await
        .expect("the address is free");
    let login = Login::new(email, PASSWORD);
    let signed_in = auth.login(login).await;
    let tokens = signed_in.and_then(SignIn::into_tokens);
    tokens.expect("the password is right")
}
