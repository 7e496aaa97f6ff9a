//! An attacker registers another person's address first.

use hallpass::{AuthBuilder, event::EventKind, oauth::Provider};
use serde_json::{Value, json};

use super::{
    ANN,
    flow::{
        APP_URL, Tab, VERIFIER, apps_of, arrive, arrive_for, begin, come_back, idp, landed, person,
        redeem, sign_in, start_path,
    },
    kinds,
};
use crate::support::{
    app::{App, apps_with, link_token},
    http::{PASSWORD, Tokens},
    provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider},
};

#[tokio::test]
async fn the_owner_of_an_address_takes_over_the_whole_account() {
    let fake = FakeProvider::start().await;
    let set = |builder: AuthBuilder| builder.provider(idp(&fake)).provider_redirects([APP_URL]);
    for app in apps_with(set).await {
        // The attacker has a password, a session, an identity, a mailed link, and a pending change of address.
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
        let change = link_token(&letter, "confirm-email-change");
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
        // The attacker's identity is no longer known.
        let again = sign_in(&app, &fake, person("attacker", "a@example.org")).await;
        let again = app.me(&again.access).await.json();
        assert_ne!(again["id"], before["id"]);
        let kinds = kinds(&app, before["id"].as_str().unwrap()).await;
        let count = |kind| kinds.iter().filter(|other| **other == kind).count();
        assert_eq!(count(EventKind::AccountTakenOver), 1);
    }
}

/// The same, if the owner of the mailbox resets the password.
#[tokio::test]
async fn a_reset_of_an_unverified_address_removes_the_identities() {
    let fake = FakeProvider::start().await;
    let set = |builder: AuthBuilder| builder.provider(idp(&fake)).provider_redirects([APP_URL]);
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
        // The identity gets a new account, not the account of the address.
        let stranger = redeem(&app, &refused.unwrap(), VERIFIER).await.tokens();
        let stranger = app.me(&stranger.access).await.json();
        assert_eq!(stranger["email"], "a@evil.org");
    }
}

/// The owner of the mailbox gets the unproven account, without its linked identities.
#[tokio::test]
async fn a_reset_of_an_unproven_account_removes_every_identity() {
    let fake = FakeProvider::start().await;
    let set = |builder: AuthBuilder| {
        let untrusted = Provider::oidc("idp", &fake.issuer, CLIENT_ID).client_secret(CLIENT_SECRET);
        builder.provider(untrusted).provider_redirects([APP_URL])
    };
    for app in apps_with(set).await {
        let attacker = sign_in(&app, &fake, person("attacker", ANN)).await;
        let me = app.me(&attacker.access).await.expect(200).json();
        link(&app, &fake, &attacker, person("second", "a@evil.org")).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, "the owner's own password")
            .await
            .expect(204);
        app.me(&attacker.access)
            .await
            .problem(401, "invalid_access_token");
        let refused = arrive(&app, &fake, person("attacker", ANN)).await;
        assert_eq!(refused, Err("link_required".to_owned()), "{}", app.name);
        let stranger = sign_in(&app, &fake, person("second", "a@evil.org")).await;
        let stranger = app.me(&stranger.access).await.expect(200).json();
        assert_ne!(stranger["id"], me["id"], "{}", app.name);
        let id = me["id"].as_str().unwrap();
        assert_eq!(count(&app, id, EventKind::AccountTakenOver).await, 1);
        assert_eq!(count(&app, id, EventKind::PasswordReset).await, 1);

        // Identities linked by the owner survive the next reset.
        let owner = app
            .try_login(ANN, "the owner's own password")
            .await
            .tokens();
        link(&app, &fake, &owner, person("owner", ANN)).await;
        app.advance(60);
        let token = app.reset_token(ANN).await;
        app.reset(&token, "yet another password").await.expect(204);
        sign_in(&app, &fake, person("owner", ANN)).await;
        assert_eq!(count(&app, id, EventKind::AccountTakenOver).await, 1);
    }
}

/// This holds even after the untrusted identity was unlinked.
#[tokio::test]
async fn an_owner_does_not_join_an_unproven_account() {
    let (trusted, untrusted) = (FakeProvider::start().await, FakeProvider::start().await);
    for app in apps_with(|builder| asking_both(builder, &trusted, &untrusted)).await {
        let attacker = by_other(&app, &untrusted, person("attacker", ANN)).await;
        let before = app.me(&attacker.access).await.expect(200).json();
        assert_eq!(before["email_verified"], false, "{}", app.name);
        set_password(&app, &attacker).await;
        let list = app
            .get("/users/me/identities", &attacker.access)
            .await
            .json();
        let id = list["items"][0]["id"].as_str().unwrap();
        let line = format!("DELETE /users/me/identities/{id}");
        let reply = app.send(&line, &attacker.access, json!({})).await;
        reply.expect(204);

        let owner = sign_in(&app, &trusted, person("owner", ANN)).await;
        let me = app.me(&owner.access).await.expect(200).json();
        assert_eq!(me["id"], before["id"]);
        assert_eq!(me["email_verified"], true);
        app.me(&attacker.access)
            .await
            .problem(401, "invalid_access_token");
        app.try_login(ANN, PASSWORD)
            .await
            .problem(401, "invalid_credentials");
        let list = app.get("/users/me/identities", &owner.access).await.json();
        let list = list["items"].as_array().unwrap();
        assert_eq!(list.len(), 1, "{}", app.name);
        assert_eq!(list[0]["subject"], "owner");
        let id = me["id"].as_str().unwrap();
        assert_eq!(count(&app, id, EventKind::AccountTakenOver).await, 1);
    }
}

/// The same, while the first identity is still linked.
#[tokio::test]
async fn a_trusted_provider_takes_over_an_unproven_account() {
    let (trusted, untrusted) = (FakeProvider::start().await, FakeProvider::start().await);
    for app in apps_with(|builder| asking_both(builder, &trusted, &untrusted)).await {
        let attacker = by_other(&app, &untrusted, person("attacker", ANN)).await;
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

/// The cookie binds a flow to a browser. A cookie that another host planted must not do so.
#[tokio::test]
async fn planted_cookie_does_not_continue_a_flow() {
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

/// The reverse case: the link that was mailed to the new address proves it.
#[tokio::test]
async fn a_user_with_a_proven_new_address_keeps_the_account() {
    let (trusted, untrusted) = (FakeProvider::start().await, FakeProvider::start().await);
    for app in apps_with(|builder| asking_both(builder, &trusted, &untrusted)).await {
        let user = by_other(&app, &untrusted, person("user", "user@elsewhere.org")).await;
        let before = app.me(&user.access).await.expect(200).json();
        set_password(&app, &user).await;
        let body = json!({"new_email": ANN, "current_password": PASSWORD});
        let reply = app.send("POST /users/me/email", &user.access, body).await;
        reply.expect(202);
        app.deliver().await;
        let letter = app.letter(ANN, "/confirm-email-change?");
        let token = link_token(&letter, "confirm-email-change");
        let reply = app.post("/auth/confirm-email-change", json!({"token": token}));
        reply.await.expect(204);

        let joined = sign_in(&app, &trusted, person("the same", ANN)).await;
        let me = app.me(&joined.access).await.expect(200).json();
        assert_eq!(me["id"], before["id"], "{}", app.name);
        app.try_login(ANN, PASSWORD).await.tokens();
        let again = by_other(&app, &untrusted, person("user", "user@elsewhere.org")).await;
        let again = app.me(&again.access).await.expect(200).json();
        assert_eq!(again["id"], before["id"]);
        let id = me["id"].as_str().unwrap();
        assert_eq!(count(&app, id, EventKind::AccountTakenOver).await, 0);
    }
}

/// Some providers never send `email_verified`. Their users can still sign up, and prove the address by the link.
#[tokio::test]
async fn an_assertion_without_email_verified_needs_the_mailed_link() {
    let fake = FakeProvider::start().await;
    let strict = |builder: AuthBuilder| {
        let builder = builder.provider(idp(&fake)).provider_redirects([APP_URL]);
        builder.require_verified_email(true)
    };
    let claims = json!({"sub": "1", "email": ANN});
    for app in apps_with(strict).await {
        let code = arrive(&app, &fake, claims.clone()).await.expect("a code");
        let reply = redeem(&app, &code, VERIFIER).await;
        reply.problem(403, "email_not_verified");
        app.deliver().await;
        let links = app.letters(ANN, "/verify-email?");
        assert_eq!(links.len(), 1, "{}", app.name);
        let token = link_token(&links[0], "verify-email");
        let reply = app.post("/auth/verify-email", json!({"token": token}));
        reply.await.expect(204);
        let tokens = sign_in(&app, &fake, claims.clone()).await;
        let me = app.me(&tokens.access).await.expect(200).json();
        assert_eq!(me["email_verified"], true);
    }
}

fn asking_both(
    builder: AuthBuilder,
    trusted: &FakeProvider,
    untrusted: &FakeProvider,
) -> AuthBuilder {
    let other = Provider::oidc("other", &untrusted.issuer, CLIENT_ID);
    let other = other.client_secret(CLIENT_SECRET);
    builder
        .provider(idp(trusted))
        .provider(other)
        .provider_redirects([APP_URL])
}

/// Signs in with the provider that is not trusted.
async fn by_other(app: &App, untrusted: &FakeProvider, claims: Value) -> Tokens {
    untrusted.follow(&app.clock);
    let line = format!(
        "GET {}",
        start_path(&[]).replace("/oauth/idp", "/oauth/other")
    );
    let reply = app.ask(&line, "", b"").await.expect(303);
    let location = reply.header("location").expect("a location");
    let query = untrusted.approve(location, &claims);
    let cookie = reply.header("set-cookie").expect("a cookie");
    let (pair, _) = cookie.split_once(';').expect("attributes");
    let line = format!("GET /auth/oauth/other/callback?{query}");
    let headers = format!("Cookie: {pair}\r\n");
    let params = landed(app.ask(&line, &headers, b"").await);
    redeem(app, &params["code"], VERIFIER).await.tokens()
}

async fn link(app: &App, fake: &FakeProvider, tokens: &Tokens, claims: Value) {
    let link = [("intent", "link")];
    let code = arrive_for(app, fake, claims, &link).await;
    let body = json!({"code": code.unwrap(), "code_verifier": VERIFIER});
    let reply = app.send("POST /users/me/identities", &tokens.access, body);
    reply.await.expect(201);
}

/// Sets the first password of an account.
async fn set_password(app: &App, tokens: &Tokens) {
    let body = json!({"new_password": PASSWORD});
    let reply = app.send("POST /users/me/password", &tokens.access, body);
    reply.await.expect(204);
}

async fn count(app: &App, user: &str, kind: EventKind) -> usize {
    let kinds = kinds(app, user).await;
    kinds.iter().filter(|other| **other == kind).count()
}
