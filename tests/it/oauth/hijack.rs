//! Somebody registers the address of somebody else first, and waits.

use hallpass::{EventKind, oauth::Provider};
use serde_json::json;

use super::{
    ANN,
    flow::{
        APP_URL, Tab, VERIFIER, apps_of, arrive, arrive_for, begin, come_back, idp, landed, person,
        redeem, sign_in, start_path,
    },
    kinds,
};
use crate::support::{
    app::apps_with,
    http::PASSWORD,
    provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider},
};

#[tokio::test]
async fn who_owns_the_address_takes_the_account_over_and_nothing_of_the_other_is_left() {
    let fake = FakeProvider::start().await;
    let set =
        |builder: hallpass::AuthBuilder| builder.provider(idp(&fake)).provider_redirects([APP_URL]);
    for app in apps_with(set).await {
        // The attacker has a password, a session, an identity, a mailed link, and a pending change of the address.
        let attacker = app.join(ANN).await;
        let before = app.me(&attacker.access).await.expect(200).json();
        let link = [("intent", "link")];
        let code = arrive_for(&app, &fake, person("attacker", "a@evil.org"), &link).await;
        let body = json!({"code": code.unwrap(), "code_verifier": VERIFIER});
        let reply = app.send("POST /users/me/identities", &attacker.access, body);
        reply.await.expect(201);
        let body = json!({"new_email": "a@evil.org", "current_password": PASSWORD});
        let reply = app.send("POST /users/me/email", &attacker.access, body);
        reply.await.expect(202);
        app.deliver().await;
        let letter = app.letter("a@evil.org", "/confirm-email-change?");
        let change = crate::support::app::link_token(&letter, "confirm-email-change");
        let pending = arrive(&app, &fake, person("attacker", "a@evil.org")).await;
        let pending = pending.expect("a code of the attacker");

        let owner = sign_in(&app, &fake, person("owner", ANN)).await;
        let me = app.me(&owner.access).await.expect(200).json();
        assert_eq!(me["id"], before["id"]);
        assert_eq!(
            (&me["email"], &me["email_verified"]),
            (&json!(ANN), &json!(true))
        );

        app.me(&attacker.access)
            .await
            .problem(401, "invalid_access_token");
        app.refresh(&attacker.refresh)
            .await
            .problem(401, "invalid_refresh_token");
        app.try_login(ANN, PASSWORD)
            .await
            .problem(401, "invalid_credentials");
        let reply = app.post("/auth/confirm-email-change", json!({"token": change}));
        reply.await.problem(400, "invalid_token");
        redeem(&app, &pending, VERIFIER)
            .await
            .problem(400, "invalid_token");
        let identities = app.get("/users/me/identities", &owner.access).await.json();
        let identities = identities["items"].as_array().unwrap();
        assert_eq!(identities.len(), 1);
        assert_eq!(identities[0]["subject"], "owner");
        // Whoever the attacker is at the provider, it is a stranger now.
        let again = sign_in(&app, &fake, person("attacker", "a@example.org")).await;
        let again = app.me(&again.access).await.json();
        assert_ne!(again["id"], before["id"]);
        let kinds = kinds(&app, before["id"].as_str().unwrap()).await;
        let count = |kind| kinds.iter().filter(|other| **other == kind).count();
        assert_eq!(count(EventKind::AccountTakenOver), 1);
    }
}

/// The same with a reset: who has the mailbox is the owner.
#[tokio::test]
async fn a_reset_of_an_unverified_address_removes_the_identities() {
    let fake = FakeProvider::start().await;
    let set =
        |builder: hallpass::AuthBuilder| builder.provider(idp(&fake)).provider_redirects([APP_URL]);
    for app in apps_with(set).await {
        let attacker = app.join(ANN).await;
        let link = [("intent", "link")];
        let code = arrive_for(&app, &fake, person("attacker", "a@evil.org"), &link).await;
        let body = json!({"code": code.unwrap(), "code_verifier": VERIFIER});
        let reply = app.send("POST /users/me/identities", &attacker.access, body);
        reply.await.expect(201);
        let token = app.reset_token(ANN).await;
        app.reset(&token, "the owner's own password")
            .await
            .expect(204);
        let refused = arrive(&app, &fake, person("attacker", "a@evil.org")).await;
        // A new account, then: not the one of the address.
        let stranger = redeem(&app, &refused.unwrap(), VERIFIER).await.tokens();
        let stranger = app.me(&stranger.access).await.json();
        assert_eq!(stranger["email"], "a@evil.org");
    }
}

/// An account that stands on the word of a provider that is not trusted goes to whoever shows the mailbox.
#[tokio::test]
async fn a_reset_removes_the_identity_that_an_untrusted_provider_vouched_for() {
    let fake = FakeProvider::start().await;
    let set = |builder: hallpass::AuthBuilder| {
        let untrusted = Provider::oidc("idp", &fake.issuer, CLIENT_ID).client_secret(CLIENT_SECRET);
        builder.provider(untrusted).provider_redirects([APP_URL])
    };
    for app in apps_with(set).await {
        let attacker = sign_in(&app, &fake, person("attacker", ANN)).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, "the owner's own password")
            .await
            .expect(204);
        app.me(&attacker.access)
            .await
            .problem(401, "invalid_access_token");
        let refused = arrive(&app, &fake, person("attacker", ANN)).await;
        assert_eq!(refused, Err("link_required".to_owned()), "{}", app.name);
        // What the owner links is theirs, and stays with the next reset.
        let owner = app
            .try_login(ANN, "the owner's own password")
            .await
            .tokens();
        let link = [("intent", "link")];
        let code = arrive_for(&app, &fake, person("owner", ANN), &link).await;
        let body = json!({"code": code.unwrap(), "code_verifier": VERIFIER});
        let reply = app.send("POST /users/me/identities", &owner.access, body);
        reply.await.expect(201);
        app.advance(60);
        let token = app.reset_token(ANN).await;
        app.reset(&token, "yet another password").await.expect(204);
        sign_in(&app, &fake, person("owner", ANN)).await;
    }
}

/// The same with a provider that is trusted: its word is worth more than the one the account was made on.
#[tokio::test]
async fn a_trusted_provider_takes_over_what_an_untrusted_one_vouched_for() {
    let (trusted, untrusted) = (FakeProvider::start().await, FakeProvider::start().await);
    let set = |builder: hallpass::AuthBuilder| {
        let other = Provider::oidc("other", &untrusted.issuer, CLIENT_ID);
        let other = other.client_secret(CLIENT_SECRET);
        builder
            .provider(idp(&trusted))
            .provider(other)
            .provider_redirects([APP_URL])
    };
    for app in apps_with(set).await {
        untrusted.follow(&app.clock);
        let by_other = |path: String| path.replace("/oauth/idp", "/oauth/other");
        let line = format!("GET {}", by_other(start_path(&[])));
        let reply = app.ask(&line, "", b"").await.expect(303);
        let location = reply.header("location").expect("a location");
        let query = untrusted.approve(location, &person("attacker", ANN));
        let cookie = reply.header("set-cookie").expect("a cookie");
        let (pair, _) = cookie.split_once(';').expect("attributes");
        let line = format!("GET /auth/oauth/other/callback?{query}");
        let headers = format!("Cookie: {pair}\r\n");
        let told = landed(app.ask(&line, &headers, b"").await);
        let attacker = redeem(&app, &told["code"], VERIFIER).await.tokens();
        let before = app.me(&attacker.access).await.expect(200).json();

        let owner = sign_in(&app, &trusted, person("owner", ANN)).await;
        let me = app.me(&owner.access).await.expect(200).json();
        assert_eq!(me["id"], before["id"]);
        app.me(&attacker.access)
            .await
            .problem(401, "invalid_access_token");
        let list = app.get("/users/me/identities", &owner.access).await.json();
        let list = list["items"].as_array().unwrap();
        assert_eq!(list.len(), 1, "{}", app.name);
        assert_eq!(list[0]["subject"], "owner");
    }
}

/// The cookie of a flow binds it to a browser: one that another host can have planted there binds nothing.
#[tokio::test]
async fn planted_cookie_does_not_go_on_with_a_flow() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let tab = begin(&app, &[]).await;
        let query = fake.approve(&tab.location, &person("attacker", ANN));
        let cookie = &tab.cookie;
        let planted = [
            cookie.replacen("__Host-", "", 1),
            format!("\u{2000}{cookie}"),
            format!("{cookie}; {cookie}"),
            format!("{cookie}\r\nCookie: {cookie}"),
        ];
        for cookie in planted {
            let location = tab.location.clone();
            let reply = come_back(&app, &Tab { location, cookie }, &query).await;
            reply.problem(400, "invalid_token");
        }
        assert!(landed(come_back(&app, &tab, &query).await).contains_key("code"));
    }
}
