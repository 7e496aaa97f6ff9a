//! Signing in with a provider, over HTTP.

pub(crate) mod flow;
mod hijack;
mod identities;
mod linking;
mod misbehaviour;
mod outage;

use hallpass::{EventKind, identity::CodeChallenge, oauth::Provider};
use serde_json::json;

use self::flow::{
    APP_URL, Tab, VERIFIER, apps_of, arrive, arrive_for, asking, begin, callback, come_back,
    landed, person, redeem, sign_in, start_path,
};
use crate::support::{
    app::{App, app_with, apps, limited, race},
    http::members_of,
    provider::{FakeProvider, form},
};

const ANN: &str = "ann@example.org";

/// The kinds of the events about a user, the oldest first.
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
async fn a_first_sign_in_makes_a_verified_account_and_the_next_finds_it() {
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

        // Whoever it is there is known by the subject, whatever the address says by now.
        app.advance(60);
        let again = sign_in(&app, &fake, person("1", "other@example.org")).await;
        let again = app.me(&again.access).await.expect(200).json();
        assert_eq!(again["id"], me["id"]);
        assert_eq!(again["email"], "Ann@Example.org");
        assert_eq!(kinds(&app, id).await[3..], [EventKind::SignedIn]);

        // Nobody can log in by password, and a reset sets one.
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
async fn the_browser_is_sent_to_the_provider_with_what_binds_the_flow() {
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
async fn only_the_browser_that_began_comes_back_and_once() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let tab = begin(&app, &[]).await;
        let query = fake.approve(&tab.location, &person("1", ANN));
        let before = fake.calls("/token");
        let line = format!("GET /auth/oauth/idp/callback?{query}");
        let reply = app.ask(&line, "", b"").await;
        reply.problem(400, "invalid_token");
        // The cookie of another flow of the same browser, and of another browser under this name.
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
        // Without the prefix any host of the domain could have set it.
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
        assert_eq!(fake.calls("/token"), before, "nothing was asked");

        let told = landed(come_back(&app, &tab, &query).await);
        come_back(&app, &tab, &query)
            .await
            .problem(400, "invalid_token");
        redeem(&app, &told["code"], VERIFIER).await.tokens();

        let late = begin(&app, &[]).await;
        let query = fake.approve(&late.location, &person("1", ANN));
        app.advance(600);
        come_back(&app, &late, &query)
            .await
            .problem(400, "invalid_token");
    }
}

#[tokio::test]
async fn two_tabs_do_not_get_into_each_others_way() {
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
            let told = landed(come_back(&app, &tab, &query).await);
            redeem(&app, &told["code"], VERIFIER).await.tokens();
        }
    }
}

#[tokio::test]
async fn a_code_is_good_for_who_began_once_and_for_a_minute() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let code = arrive(&app, &fake, person("1", ANN)).await.unwrap();
        for verifier in ["", "another", CodeChallenge::of(VERIFIER).as_str()] {
            let reply = redeem(&app, &code, verifier).await;
            reply.problem(400, "invalid_token");
        }
        for other in ["", "x", VERIFIER, &format!("{code}x")] {
            let reply = redeem(&app, other, VERIFIER).await;
            reply.problem(400, "invalid_token");
        }
        app.advance(59);
        let reply = redeem(&app, &code, VERIFIER).await.expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let cookie = reply.header("set-cookie").expect("a known device");
        assert!(cookie.starts_with("__Host-hallpass_device=hp_dt_"));
        let pair = reply.json();
        let members = [
            "access_token",
            "expires_in",
            "refresh_expires_in",
            "refresh_token",
            "session_id",
            "token_type",
        ];
        assert_eq!(members_of(&pair), members);
        redeem(&app, &code, VERIFIER)
            .await
            .problem(400, "invalid_token");

        let code = arrive(&app, &fake, person("1", ANN)).await.unwrap();
        app.advance(60);
        redeem(&app, &code, VERIFIER)
            .await
            .problem(400, "invalid_token");
    }
}

#[tokio::test]
async fn a_code_dies_when_the_credentials_change() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let tokens = sign_in(&app, &fake, person("1", ANN)).await;
        let code = arrive(&app, &fake, person("1", ANN)).await.unwrap();
        app.logout_all(&tokens.access).await.expect(204);
        redeem(&app, &code, VERIFIER)
            .await
            .problem(400, "invalid_token");

        let code = arrive(&app, &fake, person("1", ANN)).await.unwrap();
        let me = sign_in(&app, &fake, person("1", ANN)).await;
        let me = app.me(&me.access).await.json();
        let id = me["id"].as_str().unwrap();
        app.set_status(id, hallpass::UserStatus::Disabled).await;
        redeem(&app, &code, VERIFIER)
            .await
            .problem(400, "invalid_token");
        let refused = arrive(&app, &fake, person("1", ANN)).await;
        assert_eq!(refused, Err("account_disabled".to_owned()));
        assert_eq!(
            kinds(&app, id).await.last(),
            Some(&EventKind::StatusChanged)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_that_redeem_one_code_one_gets_a_session() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let code = arrive(&app, &fake, person("1", ANN)).await.unwrap();
        let app = std::sync::Arc::new(app);
        let statuses = race(16, |_| {
            let (app, code) = (std::sync::Arc::clone(&app), code.clone());
            async move { redeem(&app, &code, VERIFIER).await.status }
        });
        let statuses = statuses.await;
        let count = |status| statuses.iter().filter(|other| **other == status).count();
        assert_eq!((count(200), count(400)), (1, 15), "{}", app.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_sign_ins_at_once_make_one_account() {
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
                let told = landed(come_back(&app, &tab, &query).await);
                let tokens = redeem(&app, &told["code"], VERIFIER).await.tokens();
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
async fn nobody_is_registered_where_registration_is_closed() {
    let fake = FakeProvider::start().await;
    let closed = |builder| asking(builder, &fake).registration(hallpass::RegistrationMode::Closed);
    for app in crate::support::app::apps_with(closed).await {
        let refused = arrive(&app, &fake, person("1", ANN)).await;
        assert_eq!(refused, Err("registration_closed".to_owned()));
        // Who is there already goes on.
        let account = hallpass::Registration::new(ANN.parse().unwrap(), "a good long password");
        hallpass::UserService::register(&app.auth, account)
            .await
            .unwrap();
        sign_in(&app, &fake, person("1", ANN)).await;
    }
}

#[tokio::test]
async fn a_linked_account_needs_a_verified_address_where_that_is_required() {
    let fake = FakeProvider::start().await;
    let strict = |builder| asking(builder, &fake).require_verified_email(true);
    for app in crate::support::app::apps_with(strict).await {
        let tokens = sign_in(&app, &fake, person("1", ANN)).await;
        let admin = app.administrator().await;
        let me = app.me(&tokens.access).await.json();
        let path = format!("PATCH /admin/users/{}", me["id"].as_str().unwrap());
        let body = json!({"email_verified": false});
        app.send(&path, &admin, body).await.expect(200);
        let code = arrive(&app, &fake, person("1", ANN)).await.unwrap();
        let reply = redeem(&app, &code, VERIFIER).await;
        reply.problem(403, "email_not_verified");
    }
}

#[tokio::test]
async fn a_denial_is_passed_on_and_no_other_error_of_a_provider() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        for (query, told) in [
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
            assert_eq!(landed["error"], told, "{query}");
        }
    }
}

#[tokio::test]
async fn without_providers_there_is_an_empty_list() {
    for app in apps().await {
        let list = app.get("/auth/oauth", "").await.expect(200).json();
        assert_eq!(list, json!({"providers": []}));
        let reply = app.ask(&format!("GET {}", start_path(&[])), "", b"").await;
        reply.problem(404, "provider_unknown");
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
    let told = form(
        location
            .strip_prefix(APP_URL)
            .unwrap()
            .trim_start_matches('&'),
    );
    assert_eq!(told.keys().collect::<Vec<_>>(), ["code"]);
}

#[tokio::test]
async fn a_link_flow_signs_nobody_in_and_a_sign_in_links_nothing() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let ann = app.join(ANN).await;
        let link = [("intent", "link")];
        let code = arrive_for(&app, &fake, person("9", "x@other.org"), &link).await;
        let code = code.unwrap();
        redeem(&app, &code, VERIFIER)
            .await
            .problem(400, "invalid_token");
        let other = arrive(&app, &fake, person("8", "new@example.org"))
            .await
            .unwrap();
        let body = json!({"code": other, "code_verifier": VERIFIER});
        let reply = app
            .send("POST /users/me/identities", &ann.access, body)
            .await;
        reply.problem(400, "invalid_token");
        let body = json!({"code": code, "code_verifier": VERIFIER});
        let reply = app
            .send("POST /users/me/identities", &ann.access, body)
            .await;
        reply.expect(201);
    }
}

/// What a host says no with is what its application is told.
#[derive(Debug)]
struct Choosy;

#[async_trait::async_trait]
impl hallpass::hook::Hooks for Choosy {
    async fn before_registration(
        &self,
        applicant: &hallpass::hook::Applicant<'_>,
    ) -> Result<(), hallpass::hook::HookError> {
        match applicant.email.canonical().starts_with("no@") {
            true => Err(hallpass::Refusal::new("not_invited", "Ask for an invitation.").into()),
            false => Ok(()),
        }
    }

    async fn before_sign_in(
        &self,
        user: &hallpass::User,
        _: &hallpass::ClientInfo,
    ) -> Result<(), hallpass::hook::HookError> {
        match user.email.canonical().starts_with("banned@") {
            true => Err(hallpass::Refusal::new("banned", "Not today.").into()),
            false => Ok(()),
        }
    }
}

#[tokio::test]
async fn the_host_has_a_say_in_who_registers_and_who_signs_in() {
    let fake = FakeProvider::start().await;
    let set = |builder| asking(builder, &fake).hooks(Choosy);
    for app in crate::support::app::apps_with(set).await {
        let refused = arrive(&app, &fake, person("1", "no@example.org")).await;
        assert_eq!(refused, Err("not_invited".to_owned()));
        let (store, no) = (app.store(), "no@example.org".parse().unwrap());
        assert!(store.credentials(&no).await.unwrap().is_none());
        let code = arrive(&app, &fake, person("2", "banned@example.org")).await;
        let reply = redeem(&app, &code.unwrap(), VERIFIER).await;
        reply.problem(422, "banned");
        sign_in(&app, &fake, person("3", ANN)).await;
    }
}
