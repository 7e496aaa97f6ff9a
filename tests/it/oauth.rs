//! Signing in with a provider, over HTTP.

mod code;
mod cookies;
pub(crate) mod flow;
mod github;
mod hijack;
mod house;
mod identities;
mod leniency;
mod linking;
mod misbehaviour;
mod outage;
mod user_info;

use hallpass::{
    event::EventKind,
    identity::CodeChallenge,
    oauth::{Answer, Provider},
    token::Method,
};
use serde_json::json;

use self::flow::{
    APP_URL, Tab, VERIFIER, apps_of, asking, begin, callback, come_back, landed, person, redeem,
    sign_in, start_path,
};
use crate::support::{
    app::{App, app_with, apps, limited, race},
    http::PASSWORD,
    provider::{FakeProvider, form},
};

const ANN: &str = "ann@example.org";

/// The kinds of the events about a user, oldest first.
async fn kinds(app: &App, user: &str) -> Vec<EventKind> {
    let filter = hallpass::event::EventFilter {
        user_id: Some(user.parse().unwrap()),
        ..Default::default()
    };
    let events = app.store().list_events(&filter, None, 100).await.unwrap();
    let mut kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    kinds.reverse();
    kinds
}

#[tokio::test]
async fn a_first_sign_in_creates_a_verified_account_for_the_next() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut claims = person("1", "Ann@Example.org");
        claims["name"] = "Ann".into();
        let tokens = sign_in(&app, &fake, claims).await;
        let me = app.me(&tokens.access).await.expect(200).json();
        assert_eq!(me["email"], "Ann@Example.org");
        assert_eq!(me["email_verified"], true);
        assert_eq!(me["display_name"], "Ann");
        assert_eq!(me["roles"], json!(["user"]));
        let id = me["id"].as_str().unwrap();
        let first = [
            EventKind::AccountCreated,
            EventKind::IdentityLinked,
            EventKind::SignedIn,
        ];
        assert_eq!(kinds(&app, id).await, first, "{}", app.name);

        // The subject identifies the user, whatever address the user has now.
        app.advance(60);
        let again = sign_in(&app, &fake, person("1", "other@example.org")).await;
        let again = app.me(&again.access).await.expect(200).json();
        assert_eq!(again["id"], me["id"]);
        assert_eq!(again["email"], "Ann@Example.org");
        assert_eq!(kinds(&app, id).await[3..], [EventKind::SignedIn]);

        // The account has no password until the user resets it.
        app.try_login(ANN, "a wrong password")
            .await
            .problem(401, "invalid_credentials");
        let token = app.reset_token(ANN).await;
        app.reset(&token, "another good password").await.expect(204);
        app.try_login(ANN, "another good password").await.tokens();
        let after = sign_in(&app, &fake, person("1", ANN)).await;
        app.me(&after.access).await.expect(200);
        app.refresh(&after.refresh).await.expect(200);
    }
}

#[tokio::test]
async fn a_session_keeps_its_sign_in_method() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let tokens = sign_in(&app, &fake, person("1", ANN)).await;
        let methods = app.methods_of(&tokens.access).await;
        assert!(methods.iter().eq([Method::Provider]), "{}", app.name);
        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        let tokens = app.login(ANN).await;
        let refreshed = app.refresh(&tokens.refresh).await.tokens();
        for access in [&tokens.access, &refreshed.access] {
            let methods = app.methods_of(access).await;
            assert!(methods.iter().eq([Method::Password]), "{}", app.name);
        }
    }
}

#[tokio::test]
async fn the_browser_is_sent_to_the_provider_with_a_bound_flow() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let tab = begin(&app, &[]).await;
        let (endpoint, query) = tab.location.split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", fake.issuer));
        let sent = form(query);
        assert_eq!(sent["redirect_uri"], callback());
        assert_eq!(sent["scope"], "openid email profile");
        let (_, secret) = tab.cookie.split_once('=').unwrap();
        for name in ["state", "nonce", "code_challenge"] {
            assert_eq!(sent[name].len(), 43, "{name}");
            assert_ne!(sent[name], secret);
        }
        assert_ne!(sent["code_challenge"], CodeChallenge::of(VERIFIER).as_str());
        assert!(!tab.location.contains("app.example.org"));
        let other = begin(&app, &[]).await;
        assert_ne!(other.cookie, tab.cookie);

        let list = app.get("/auth/oauth", "").await.expect(200).json();
        let shown = json!({"providers": [{"name": "idp", "display_name": "idp"}]});
        assert_eq!(list, shown);
    }
}

#[tokio::test]
async fn a_start_is_checked_in_the_order_of_the_contract() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let ask = async |path: &str| app.ask(&format!("GET {path}"), "", b"").await;
        let nowhere = start_path(&[("redirect_to", "https://evil.example")]);
        let unknown = nowhere.replace("/idp?", "/nobody?");
        ask(&unknown).await.problem(404, "provider_unknown");
        let reply = ask("/auth/oauth/nobody/callback?state=x&code=y").await;
        reply.problem(404, "provider_unknown");
        for url in [
            "https://evil.example",
            "https://app.example.org/signed-in",
            "https://app.example.org/signed-in?from=idp&x",
            "https://app.example.org/signed-in?from=idp/",
            "HTTPS://app.example.org/signed-in?from=idp",
            "",
        ] {
            let changed = [("redirect_to", url), ("code_challenge", "")];
            let reply = ask(&start_path(&changed)).await;
            reply.problem(400, "invalid_redirect");
        }
        let reply = ask("/auth/oauth/idp").await;
        reply.problem(400, "invalid_redirect");
        let long = "x".repeat(1025);
        for (name, value, code) in [
            ("code_challenge", "", "invalid_challenge"),
            ("code_challenge", VERIFIER, "invalid_challenge"),
            ("code_challenge_method", "plain", "unknown_value"),
            ("intent", "steal", "unknown_value"),
            ("state", &long, "too_long"),
            ("nonce", "mine", "unknown_member"),
        ] {
            let reply = ask(&start_path(&[(name, value)])).await;
            let pointer = format!("/{name}");
            reply.violations("validation_failed", &[(&pointer, code)]);
        }
        assert_eq!(fake.calls("/token"), 0);
    }
}

#[tokio::test]
async fn a_flow_completes_once_in_the_browser_that_began_it() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let tab = begin(&app, &[]).await;
        let query = fake.approve(&tab.location, &person("1", ANN));
        let before = fake.calls("/token");
        let line = format!("GET /auth/oauth/idp/callback?{query}");
        let reply = app.ask(&line, "", b"").await;
        reply.problem(400, "invalid_token");
        // Neither the cookie of another flow nor that of another browser under this name is accepted.
        let other = begin(&app, &[]).await;
        come_back(&app, &other, &query)
            .await
            .problem(400, "invalid_token");
        let (name, _) = tab.cookie.split_once('=').unwrap();
        let (_, secret) = other.cookie.split_once('=').unwrap();
        for value in [secret, "", "x"] {
            let forged = Tab {
                cookie: format!("{name}={value}"),
                ..tab.clone()
            };
            let reply = come_back(&app, &forged, &query).await;
            reply.problem(400, "invalid_token");
        }
        // Any host of the domain could set a cookie that lacks the prefix.
        let bare = Tab {
            cookie: tab.cookie.replace("__Host-", ""),
            ..tab.clone()
        };
        come_back(&app, &bare, &query)
            .await
            .problem(400, "invalid_token");
        for bad in ["", "code=x", "state=x&code=y", &format!("{query}&state=x")] {
            come_back(&app, &tab, bad)
                .await
                .problem(400, "invalid_token");
        }
        assert_eq!(fake.calls("/token"), before, "the provider was not asked");

        let params = landed(come_back(&app, &tab, &query).await);
        come_back(&app, &tab, &query)
            .await
            .problem(400, "invalid_token");
        redeem(&app, &params["code"], VERIFIER).await.tokens();

        let late = begin(&app, &[]).await;
        let query = fake.approve(&late.location, &person("1", ANN));
        app.advance(600);
        come_back(&app, &late, &query)
            .await
            .problem(400, "invalid_token");
    }
}

#[tokio::test]
async fn flows_in_two_tabs_are_independent() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let tabs = [begin(&app, &[]).await, begin(&app, &[]).await];
        let both = format!("{}; {}", tabs[0].cookie, tabs[1].cookie);
        for tab in tabs.iter().rev() {
            let query = fake.approve(&tab.location, &person("1", ANN));
            let tab = Tab {
                cookie: both.clone(),
                ..tab.clone()
            };
            let params = landed(come_back(&app, &tab, &query).await);
            redeem(&app, &params["code"], VERIFIER).await.tokens();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_first_sign_ins_create_one_account() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let mut ways = Vec::new();
        for _ in 0..8 {
            let tab = begin(&app, &[]).await;
            let query = fake.approve(&tab.location, &person("1", ANN));
            ways.push((tab, query));
        }
        let app = std::sync::Arc::new(app);
        let users = race(8, |index| {
            let (app, (tab, query)) = (std::sync::Arc::clone(&app), ways[index].clone());
            async move {
                let params = landed(come_back(&app, &tab, &query).await);
                let tokens = redeem(&app, &params["code"], VERIFIER).await.tokens();
                app.me(&tokens.access).await.expect(200).json()["id"].clone()
            }
        });
        let users = users.await;
        assert!(users.iter().all(|id| *id == users[0]), "{users:?}");
        let kinds = kinds(&app, users[0].as_str().unwrap()).await;
        let count = |kind| kinds.iter().filter(|other| **other == kind).count();
        assert_eq!(count(EventKind::AccountCreated), 1);
        assert_eq!(count(EventKind::IdentityLinked), 1);
        assert_eq!(count(EventKind::SignedIn), 8);
    }
}

#[tokio::test]
async fn only_a_denial_of_a_provider_is_passed_on() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        for (query, params) in [
            ("error=access_denied", "access_denied"),
            (
                "error=access_denied&error_description=%3Cb%3E",
                "access_denied",
            ),
            ("error=server_error", "provider_failed"),
            ("error=https%3A%2F%2Fevil.example", "provider_failed"),
            ("error=access_denied&code=x", "access_denied"),
            ("code=x&error=server_error", "provider_failed"),
            ("", "provider_failed"),
        ] {
            let tab = begin(&app, &[]).await;
            let state = &form(tab.location.split_once('?').unwrap().1)["state"];
            let query = format!("state={state}&{query}");
            let landed = landed(come_back(&app, &tab, &query).await);
            assert_eq!(landed["error"], params, "{query}");
        }
    }
}

#[tokio::test]
async fn the_list_is_empty_without_providers() {
    for app in apps().await {
        let list = app.get("/auth/oauth", "").await.expect(200).json();
        assert_eq!(list, json!({"providers": []}));
        let reply = app.ask(&format!("GET {}", start_path(&[])), "", b"").await;
        reply.problem(404, "provider_unknown");
    }
}

#[test]
fn debug_output_of_a_flow_shows_no_secrets() {
    let mut answer = Answer::new("hidden-state", "hidden-secret");
    answer.code = Some("hidden-code".to_owned());
    answer.error = Some("access_denied".to_owned());
    for shown in [format!("{answer:?}"), format!("{answer:#?}")] {
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("access_denied"), "{shown}");
    }
}

#[tokio::test]
async fn starts_are_limited_by_client() {
    let fake = FakeProvider::start().await;
    let app = app_with(|builder| limited(asking(builder, &fake))).await;
    for _ in 0..120 {
        begin(&app, &[]).await;
    }
    let line = format!("GET {}", start_path(&[]));
    let reply = app.ask(&line, "", b"").await;
    let reply = reply.problem(429, "rate_limited");
    assert!(
        reply
            .header("ratelimit-policy")
            .unwrap()
            .starts_with("\"oauth_start\"")
    );
}

#[tokio::test]
async fn a_flow_belongs_to_one_provider() {
    let (fake, other) = (FakeProvider::start().await, FakeProvider::start().await);
    let app = app_with(|builder| {
        let second = Provider::oidc("other", &other.issuer, crate::support::provider::CLIENT_ID);
        asking(builder, &fake).provider(second)
    })
    .await;
    fake.follow(&app.clock);
    let tab = begin(&app, &[]).await;
    let query = fake.approve(&tab.location, &person("1", ANN));
    let line = format!("GET /auth/oauth/other/callback?{query}");
    let headers = format!("Cookie: {}\r\n", tab.cookie);
    let reply = app.ask(&line, &headers, b"").await;
    assert_eq!(landed(reply)["error"], "provider_failed");
    assert_eq!((fake.calls("/token"), other.calls("/token")), (0, 0));
}

#[tokio::test]
async fn a_state_of_the_application_is_optional() {
    let fake = FakeProvider::start().await;
    let app = app_with(|builder| asking(builder, &fake)).await;
    fake.follow(&app.clock);
    let challenge = CodeChallenge::of(VERIFIER);
    let challenge = challenge.as_str();
    let mut url = reqwest::Url::parse("http://x/auth/oauth/idp").unwrap();
    url.query_pairs_mut().extend_pairs([
        ("redirect_to", APP_URL),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]);
    let line = format!("GET {}?{}", url.path(), url.query().unwrap());
    let reply = app.ask(&line, "", b"").await.expect(303);
    let cookie = reply.header("set-cookie").unwrap();
    let tab = Tab {
        location: reply.header("location").unwrap().to_owned(),
        cookie: cookie.split_once(';').unwrap().0.to_owned(),
    };
    let query = fake.approve(&tab.location, &person("1", ANN));
    let reply = come_back(&app, &tab, &query).await.expect(303);
    let location = reply.header("location").unwrap();
    let params = form(
        location
            .strip_prefix(APP_URL)
            .unwrap()
            .trim_start_matches('&'),
    );
    assert_eq!(params.keys().collect::<Vec<_>>(), ["code"]);
}
