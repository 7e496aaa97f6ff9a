//! Rules of the host for registration and sign-in.

use std::{collections::BTreeSet, error::Error as _};

use hallpass::{Auth, mail::Mailbox, memory::MemoryStore, oauth::Provider, secret::Secret};
use serde_json::json;

use super::{
    ANN,
    flow::{VERIFIER, arrive, asking, person, redeem, sign_in},
};
use crate::support::{
    app::{app_with, apps_with},
    provider::{CLIENT_ID, FakeProvider},
};

#[tokio::test]
async fn closed_registration_creates_no_account() {
    let fake = FakeProvider::start().await;
    let closed =
        |builder| asking(builder, &fake).registration(hallpass::password::RegistrationMode::Closed);
    for app in apps_with(closed).await {
        let refused = arrive(&app, &fake, person("1", ANN)).await;
        assert_eq!(refused, Err("registration_closed".to_owned()));
        // Existing users are not affected.
        let account = hallpass::Registration::new(ANN.parse().unwrap(), "a good long password");
        hallpass::UserService::register(&app.auth, account)
            .await
            .unwrap();
        sign_in(&app, &fake, person("1", ANN)).await;
    }
}

#[tokio::test]
async fn a_linked_account_needs_a_verified_address_if_required() {
    let fake = FakeProvider::start().await;
    let strict = |builder| asking(builder, &fake).require_verified_email(true);
    for app in apps_with(strict).await {
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

/// Refuses some users, both at registration and at sign-in.
#[derive(Debug)]
struct Selective;

#[async_trait::async_trait]
impl hallpass::hook::Hooks for Selective {
    async fn before_registration(
        &self,
        applicant: &hallpass::hook::Applicant<'_>,
    ) -> Result<(), hallpass::hook::HookError> {
        match applicant.email.canonical().starts_with("no@") {
            true => {
                Err(hallpass::error::Refusal::new("not_invited", "Ask for an invitation.").into())
            }
            false => Ok(()),
        }
    }

    async fn before_sign_in(
        &self,
        user: &hallpass::User,
        _: &hallpass::event::ClientInfo,
    ) -> Result<(), hallpass::hook::HookError> {
        match user.email.canonical().starts_with("banned@") {
            true => Err(hallpass::error::Refusal::new("banned", "Not today.").into()),
            false => Ok(()),
        }
    }
}

#[tokio::test]
async fn the_host_can_refuse_registrations_and_sign_ins() {
    let fake = FakeProvider::start().await;
    let set = |builder| asking(builder, &fake).hooks(Selective);
    for app in apps_with(set).await {
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

#[tokio::test]
async fn a_provider_named_like_an_endpoint_is_refused_at_start() {
    let fake = FakeProvider::start().await;
    let app = app_with(|builder| asking(builder, &fake)).await;
    let endpoints = app.auth.endpoints();
    let names: BTreeSet<&str> = endpoints
        .iter()
        .filter_map(|row| row.path().strip_prefix("/auth/oauth/")?.split('/').next())
        .filter(|name| !name.starts_with('{'))
        .collect();
    assert!(names.contains("token"), "{names:?}");
    for name in names {
        let build = |name: &str| {
            Auth::builder()
                .store(MemoryStore::new())
                .secrets(Secret::generate())
                .public_url("https://id.example.org")
                .mailer(Mailbox::new())
                .provider(Provider::oidc(name, &fake.issuer, CLIENT_ID))
                .build()
        };
        let error = build(name).expect_err("the provider is refused");
        let reason = error.source().expect("a reason").to_string();
        assert!(reason.contains(&format!("`{name}`")), "{reason}");
        build(&format!("{name}s")).expect("the provider is allowed");
    }
}
