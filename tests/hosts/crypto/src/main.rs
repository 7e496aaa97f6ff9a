//! A host with `jsonwebtoken` on RustCrypto and `rustls` on ring: both keep working, and hallpass works with them.

use hallpass::{
    Result, credential::HttpBreachCheck, mail::SmtpMailer, testing::TestAuth, verifier::KeySource,
};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // rustls finds a single provider by itself. With two, the host has to choose one.
    if cfg!(feature = "both") {
        rustls::crypto::ring::default_provider()
            .install_default()
            .expect("no provider was installed before");
    } else {
        refuses_to_guess(smtp().map(drop));
        refuses_to_guess(HttpBreachCheck::new().map(drop));
        refuses_to_guess(keys().map(drop));
    }
    let roots = rustls::RootCertStore::empty();
    let _client = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    smtp().expect("SMTP over the host's TLS");
    HttpBreachCheck::new().expect("HTTP over the host's TLS");
    keys().expect("HTTP over the host's TLS");

    signs_its_own_tokens();
    let auth = TestAuth::new();
    let ann = auth.user("ann@example.org").await;
    let token = auth.token_of(&ann).await;
    let user = auth.verify(&token).expect("a token of hallpass");
    assert_eq!(user.id(), ann.id);
    signs_its_own_tokens();
    println!("the host keeps its cryptography");
}

fn smtp() -> Result<SmtpMailer> {
    SmtpMailer::from_url("smtps://mail.example.org", "ann@example.org".parse()?)
}

fn keys() -> Result<KeySource> {
    KeySource::url("https://id.example.org/.well-known/jwks.json")
}

fn refuses_to_guess(built: Result<()>) {
    let error = built.expect_err("there is no provider yet");
    let whole = format!("{error:?}");
    assert!(whole.contains("install_default()"), "{whole}");
}

fn signs_its_own_tokens() {
    let claims = json!({ "sub": "ann", "exp": 4_000_000_000_u64 });
    let token = encode(
        &Header::default(),
        &claims,
        &EncodingKey::from_secret(b"the host's"),
    )
    .expect("a token");
    let read = decode::<Value>(
        &token,
        &DecodingKey::from_secret(b"the host's"),
        &Validation::default(),
    );
    assert_eq!(read.expect("a token of the host").claims, claims);
}
