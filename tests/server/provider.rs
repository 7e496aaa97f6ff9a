//! Sign-in with a certified OpenID Connect provider. Servers and provider are processes.

use std::path::Path;

use hallpass::identity::CodeChallenge;
use serde_json::json;

use crate::{
    oidc_provider::{CLIENT_ID, CLIENT_SECRET, OidcProvider},
    patience::until,
    process::{PASSWORD, SERVERS, Server, folder, free_address},
    visitor::{Page, Visitor},
};

/// The URL of the application. No browser reaches it here.
const APP: &str = "https://app.example.org/signed-in?from=acme";
const VERIFIER: &str = "what-the-application-keeps-0123456789-abcdefghij";

/// The addresses of two servers that have not started yet.
pub(crate) fn addresses() -> [String; 2] {
    [free_address(), free_address()]
}

/// The redirect URIs.
pub(crate) fn callbacks(addresses: &[String]) -> Vec<String> {
    let callback = |address| format!("http://{address}/auth/oauth/acme/callback");
    addresses.iter().map(callback).collect()
}

pub(crate) fn start(
    name: &str,
    folder: &Path,
    address: &str,
    issuer: &str,
    redirect: &str,
) -> Server {
    let url = format!("http://{address}");
    let settings = [
        ("HALLPASS_BIND", address),
        ("HALLPASS_PUBLIC_URL", &url),
        ("HALLPASS_OAUTH_ACME_ISSUER", issuer),
        ("HALLPASS_OAUTH_ACME_CLIENT_ID", CLIENT_ID),
        ("HALLPASS_OAUTH_ACME_CLIENT_SECRET", CLIENT_SECRET),
        ("HALLPASS_OAUTH_ACME_TRUST_EMAIL_DOMAINS", "example.com"),
        ("HALLPASS_OAUTH_REDIRECTS", redirect),
        ("HALLPASS_RATE_LIMITS", "false"),
    ];
    Server::of(name, folder, &settings)
}

/// The URL that begins a flow.
pub(crate) fn beginning(server: &Server, redirect: &str, state: &str) -> String {
    let url = format!("http://{}/auth/oauth/acme", server.address);
    parameters(&url, redirect, state)
}

/// The URL with the parameters of an application.
pub(crate) fn parameters(url: &str, redirect: &str, state: &str) -> String {
    let mut url: reqwest::Url = url.parse().unwrap();
    url.query_pairs_mut().extend_pairs([
        ("redirect_to", redirect),
        ("code_challenge", CodeChallenge::of(VERIFIER).as_str()),
        ("code_challenge_method", "S256"),
        ("state", state),
    ]);
    url.into()
}

impl Visitor {
    async fn begin(&mut self, server: &Server, state: &str) -> Page {
        self.open(&beginning(server, APP, state)).await
    }
}

impl Server {
    /// Exchanges a code for tokens, and returns their user.
    pub(crate) fn redeem(&self, code: &str) -> serde_json::Value {
        let body = |verifier: &str| json!({ "code": code, "code_verifier": verifier });
        let other = VERIFIER.to_uppercase();
        let refused = self.post("/auth/oauth/token", &body(&other));
        assert_eq!(refused.status, 400, "{refused:?}");
        let tokens = self.post("/auth/oauth/token", &body(VERIFIER));
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let again = self.post("/auth/oauth/token", &body(VERIFIER));
        assert_eq!(again.text("code"), "invalid_token");
        let me = self.me(&tokens.text("access_token"));
        assert_eq!(me.status, 200, "{me:?}");
        me.json()
    }
}

/// The code that the flow ends with.
fn code(page: &Page, state: &str) -> String {
    assert!(page.url.as_str().starts_with(APP), "{page:?}");
    assert_eq!(page.parameter("state").as_deref(), Some(state));
    let code = page.parameter("code");
    code.unwrap_or_else(|| panic!("no code: {page:?}"))
}

fn assert_failed(page: &Page, error: &str) {
    assert!(page.url.as_str().starts_with(APP), "{page:?}");
    assert_eq!(page.parameter("error").as_deref(), Some(error), "{page:?}");
    assert_eq!(page.parameter("code"), None, "{page:?}");
}

#[tokio::test]
async fn users_sign_in_with_a_certified_provider() {
    if !OidcProvider::is_there() {
        return;
    }
    let addresses = addresses();
    let provider = OidcProvider::start(&callbacks(&addresses));
    for (name, address) in SERVERS.iter().zip(&addresses) {
        let folder = folder();
        let server = start(name, folder.path(), address, &provider.issuer, APP);
        let mut browser = Visitor::new(APP);
        let form = browser.begin(&server, "1").await;
        assert!(form.url.as_str().starts_with(&provider.issuer), "{form:?}");
        let again = browser.submit(&form, "login=nobody").await;
        let back = browser.submit(&again, "login=ann").await;
        let ann = server.redeem(&code(&back, "1"));
        assert_eq!(ann["email"], "ann@example.org");
        // The provider is trusted for another domain, not for this one.
        assert_eq!(ann["email_verified"], false);
        assert_eq!(ann["display_name"], "Ann");

        // The provider already has a session of this browser, so it asks nothing.
        let back = browser.begin(&server, "2").await;
        assert_eq!(server.redeem(&code(&back, "2"))["id"], ann["id"]);
        let mut other = Visitor::new(APP);
        let form = other.begin(&server, "3").await;
        let back = other.submit(&form, "login=ann").await;
        assert_eq!(server.redeem(&code(&back, "3"))["id"], ann["id"]);
        for (login, proven) in [("login=tom", true), ("login=uma", false)] {
            let mut browser = Visitor::new(APP);
            let form = browser.begin(&server, "5").await;
            let back = browser.submit(&form, login).await;
            let user = server.redeem(&code(&back, "5"));
            assert_eq!(user["email_verified"], proven, "{user}");
        }
        assert_refused(&server).await;
    }
}

/// Checks that the sign-in of a user is refused.
async fn assert_refused(server: &Server) {
    for (fields, error) in [
        ("cancel=yes", "access_denied"),
        ("login=bob", "link_required"),
    ] {
        // Anybody may have registered the address, because the provider is not trusted for the domain.
        server.register("bob@example.org", PASSWORD);
        let mut browser = Visitor::new(APP);
        let form = browser.begin(server, "4").await;
        assert_failed(&browser.submit(&form, fields).await, error);
    }
}

#[tokio::test]
async fn two_flows_of_one_browser_are_independent() {
    if !OidcProvider::is_there() {
        return;
    }
    let addresses = addresses();
    let provider = OidcProvider::start(&callbacks(&addresses));
    for (name, address) in SERVERS.iter().zip(&addresses) {
        let folder = folder();
        let server = start(name, folder.path(), address, &provider.issuer, APP);
        let mut browser = Visitor::new(APP);
        let first = browser.begin(&server, "first").await;
        let second = browser.begin(&server, "second").await;
        let second = browser.submit(&second, "login=ann").await;
        let second = server.redeem(&code(&second, "second"));
        let first = browser.submit(&first, "login=ann").await;
        let first = server.redeem(&code(&first, "first"));
        assert_eq!(first["id"], second["id"]);
    }
}

#[tokio::test]
async fn a_user_with_a_password_links_an_identity_and_unlinks_it() {
    if !OidcProvider::is_there() {
        return;
    }
    let addresses = addresses();
    let provider = OidcProvider::start(&callbacks(&addresses));
    for (name, address) in SERVERS.iter().zip(&addresses) {
        let folder = folder();
        let server = start(name, folder.path(), address, &provider.issuer, APP);
        assert_eq!(server.register("ann@example.com", PASSWORD).status, 201);
        let tokens = server.login("ann@example.com", PASSWORD);
        let bearer = format!("authorization: Bearer {}", tokens.text("access_token"));
        let call = |method: &str, path: &str, body: &str| {
            let headers = [bearer.as_str(), "content-type: application/json"];
            server.call(method, path, &headers, body)
        };
        let mut browser = Visitor::new(APP);
        let link = format!("{}&intent=link", beginning(&server, APP, "1"));
        let form = browser.open(&link).await;
        let back = browser.submit(&form, "login=bob").await;
        let body = json!({ "code": code(&back, "1"), "code_verifier": VERIFIER });
        let linked = call("POST", "/users/me/identities", &body.to_string());
        assert_eq!(linked.status, 201, "{linked:?}");
        let identity = linked.json();
        assert_eq!(identity["issuer"], provider.issuer);
        assert_eq!(identity["subject"], "1002");
        let listed = call("GET", "/users/me/identities", "").json();
        assert_eq!(listed["items"], json!([identity]));

        let back = browser.begin(&server, "2").await;
        let me = server.redeem(&code(&back, "2"));
        assert_eq!(me["email"], "ann@example.com");
        let path = format!("/users/me/identities/{}", linked.text("id"));
        assert_eq!(call("DELETE", &path, "").status, 204);
        let back = browser.begin(&server, "3").await;
        assert_eq!(server.redeem(&code(&back, "3"))["email"], "bob@example.org");
    }
}

#[tokio::test]
async fn a_provider_outage_is_reported_and_affects_nobody_else() {
    if !OidcProvider::is_there() {
        return;
    }
    for name in SERVERS {
        let address = free_address();
        let callbacks = callbacks(std::slice::from_ref(&address));
        let provider = OidcProvider::start(&callbacks);
        let folder = folder();
        let server = start(name, folder.path(), &address, &provider.issuer, APP);
        let mut browser = Visitor::new(APP);
        browser.stops.extend(callbacks);
        let form = browser.begin(&server, "1").await;
        let callback = browser.submit(&form, "login=ann").await;
        assert!(callback.parameter("code").is_some(), "{callback:?}");
        drop(provider);

        browser.stops.truncate(1);
        let back = browser.open(callback.url.as_str()).await;
        assert_failed(&back, "provider_failed");
        assert_eq!(back.parameter("state").as_deref(), Some("1"));
        let replayed = browser.open(callback.url.as_str()).await;
        assert!(replayed.html.contains("invalid_token"), "{replayed:?}");
        assert_eq!(server.get("/health/ready").status, 200);
        assert_eq!(server.register("bob@example.org", PASSWORD).status, 201);
        assert_eq!(server.login("bob@example.org", PASSWORD).status, 200);
    }
}

#[tokio::test]
async fn a_server_starts_while_the_provider_is_down() {
    if !OidcProvider::is_there() {
        return;
    }
    for name in SERVERS {
        let (address, provider) = (free_address(), free_address());
        let issuer = format!("http://{provider}");
        let (_, port) = provider.rsplit_once(':').unwrap();
        let folder = folder();
        let server = start(name, folder.path(), &address, &issuer, APP);
        let mut browser = Visitor::new(APP);
        assert_failed(&browser.begin(&server, "1").await, "provider_failed");

        let provider = OidcProvider::start_on(port, &callbacks(&[address]));
        assert_eq!(provider.issuer, issuer);
        let mut form = None;
        let found = async || {
            let page = browser.begin(&server, "2").await;
            if page.url.as_str().starts_with(&issuer) {
                form = Some(page);
            } else {
                assert_failed(&page, "provider_failed");
            }
            form.is_some()
        };
        until("the provider is found", found).await;
        let form = form.expect("the provider was found");
        let back = browser.submit(&form, "login=ann").await;
        server.redeem(&code(&back, "2"));
    }
}
