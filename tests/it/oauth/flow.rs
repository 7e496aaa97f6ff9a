//! A browser and an application during a flow.

use std::collections::HashMap;

use hallpass::{AuthBuilder, identity::CodeChallenge, oauth::Provider};
use serde_json::{Value, json};

use crate::support::{
    app::{App, PUBLIC_URL, apps_with},
    http::{Client, Reply, Tokens},
    provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider, form},
};

/// The URL of the application.
pub(crate) const APP_URL: &str = "https://app.example.org/signed-in?from=idp";
pub(crate) const VERIFIER: &str = "a-verifier-of-the-application-0123456789-abcdef";
/// The domain whose addresses the provider is trusted for.
pub(crate) const TRUSTED: &str = "example.org";

/// The provider, as the service is configured for it.
pub(crate) fn idp(fake: &FakeProvider) -> Provider {
    Provider::oidc("idp", &fake.issuer, CLIENT_ID)
        .client_secret(CLIENT_SECRET)
        .trust_email_domains([TRUSTED])
}

/// A service on each store with this provider.
pub(crate) async fn apps_of(fake: &FakeProvider) -> Vec<App> {
    apps_with(|builder| asking(builder, fake)).await
}

pub(crate) fn asking(builder: AuthBuilder, fake: &FakeProvider) -> AuthBuilder {
    builder.provider(idp(fake)).provider_redirects([APP_URL])
}

/// One flow in one browser tab.
#[derive(Clone)]
pub(crate) struct Tab {
    /// The URL that the browser was sent to.
    pub(crate) location: String,
    /// The cookie of the browser.
    pub(crate) cookie: String,
}

/// The path that begins a flow, with these parameters changed or added.
pub(crate) fn start_path(changed: &[(&str, &str)]) -> String {
    let challenge = CodeChallenge::of(VERIFIER);
    let mut parameters = vec![
        ("redirect_to", APP_URL),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("state", "the app's state"),
    ];
    parameters.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    parameters.extend_from_slice(changed);
    let mut url = reqwest::Url::parse("http://x/auth/oauth/idp").unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    format!("{}?{}", url.path(), url.query().unwrap())
}

pub(crate) async fn begin(app: &Client, changed: &[(&str, &str)]) -> Tab {
    let line = format!("GET {}", start_path(changed));
    let reply = app.ask(&line, "", b"").await.expect(303);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-hallpass_oauth_"), "{cookie}");
    let attributes = "; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure";
    let pair = cookie.strip_suffix(attributes).expect("attributes");
    Tab {
        location: reply.header("location").expect("a location").to_owned(),
        cookie: pair.to_owned(),
    }
}

/// Returns to the service with this query.
pub(crate) async fn come_back(app: &Client, tab: &Tab, query: &str) -> Reply {
    let line = format!("GET /auth/oauth/idp/callback?{query}");
    let headers = format!("Cookie: a=b; {}\r\n", tab.cookie);
    app.ask(&line, &headers, b"").await
}

/// The parameters that the application receives.
pub(crate) fn landed(reply: Reply) -> HashMap<String, String> {
    let reply = reply.expect(303);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let cookie = reply.header("set-cookie").expect("the cookie is deleted");
    assert!(cookie.contains("=; Max-Age=0; Path=/;"), "{cookie}");
    let location = reply.header("location").expect("a location");
    let query = location.strip_prefix(APP_URL).expect("the application");
    let params = form(query.trim_start_matches('&'));
    assert_eq!(
        params.get("state").map(String::as_str),
        Some("the app's state")
    );
    assert_eq!(params.len(), 2, "{params:?}");
    params
}

/// Runs the whole flow, and returns the code or the error.
pub(crate) async fn arrive(
    app: &App,
    fake: &FakeProvider,
    claims: Value,
) -> Result<String, String> {
    arrive_for(app, fake, claims, &[]).await
}

pub(crate) async fn arrive_for(
    app: &App,
    fake: &FakeProvider,
    claims: Value,
    changed: &[(&str, &str)],
) -> Result<String, String> {
    fake.follow(&app.clock);
    let tab = begin(app, changed).await;
    let query = fake.approve(&tab.location, &claims);
    let mut params = landed(come_back(app, &tab, &query).await);
    match params.remove("code") {
        Some(code) => Ok(code),
        None => Err(params.remove("error").expect("a code or an error")),
    }
}

pub(crate) async fn redeem(app: &Client, code: &str, verifier: &str) -> Reply {
    let body = json!({"code": code, "code_verifier": verifier});
    app.post("/auth/oauth/token", body).await
}

/// Signs in and returns the tokens.
pub(crate) async fn sign_in(app: &App, fake: &FakeProvider, claims: Value) -> Tokens {
    let code = arrive(app, fake, claims).await.expect("a code");
    redeem(app, &code, VERIFIER).await.tokens()
}

/// The claims of a user with an address verified by the provider.
pub(crate) fn person(subject: &str, email: &str) -> Value {
    json!({"sub": subject, "email": email, "email_verified": true})
}

/// The redirect URI.
pub(crate) fn callback() -> String {
    format!("{PUBLIC_URL}/auth/oauth/idp/callback")
}
