//! The linking rule in every combination of local state, assertion and trust.

use hallpass::{
    Registration,
    event::{EventFilter, EventKind},
    password::RegistrationMode,
    user::UserStatus,
};
use serde_json::{Value, json};

use super::flow::{arrive, asking, person, sign_in};
use crate::support::{
    app::{App, apps_with},
    http::PASSWORD,
    provider::FakeProvider,
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Local {
    None,
    Unverified,
    Verified,
    Disabled,
    /// One user has the address, and another user has the identity.
    LinkedElsewhere,
    /// A disabled user has the identity, and the address is free.
    LinkedToDisabled,
}

/// The possible outcomes of the contract.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    NewAccount { proven: bool },
    Joined,
    TakenOver,
    OtherUser,
    Refused(&'static str),
}

const LOCALS: [Local; 6] = [
    Local::None,
    Local::Unverified,
    Local::Verified,
    Local::Disabled,
    Local::LinkedElsewhere,
    Local::LinkedToDisabled,
];

fn verified_claims() -> [Option<Value>; 5] {
    [
        Some(json!(true)),
        Some(json!(false)),
        None,
        Some(json!("true")),
        Some(json!(1)),
    ]
}

const MODES: [RegistrationMode; 3] = [
    RegistrationMode::Open,
    RegistrationMode::Private,
    RegistrationMode::Closed,
];

fn expected(
    mode: RegistrationMode,
    local: Local,
    verified: Option<&Value>,
    trusted: bool,
) -> Outcome {
    let proves = trusted && verified == Some(&json!(true));
    match local {
        Local::LinkedElsewhere => Outcome::OtherUser,
        Local::LinkedToDisabled => Outcome::Refused("account_disabled"),
        Local::None => match mode {
            RegistrationMode::Closed => Outcome::Refused("registration_closed"),
            RegistrationMode::Private if !proves => Outcome::Refused("link_required"),
            _ => Outcome::NewAccount { proven: proves },
        },
        Local::Verified if proves => Outcome::Joined,
        Local::Unverified if proves => Outcome::TakenOver,
        Local::Disabled if proves => Outcome::Refused("account_disabled"),
        _ => Outcome::Refused("link_required"),
    }
}

/// The user of an address, and everything that a takeover or a link would change.
async fn snapshot(app: &App, email: &str) -> Option<(Value, bool, usize)> {
    let address = email.parse().unwrap();
    let store = app.store();
    let found = store.credentials(&address).await.unwrap()?;
    let identities = store.identities(found.user.id).await.unwrap();
    let user = json!({
        "id": found.user.id,
        "verified": found.user.email_verified_at.is_some(),
        "version": found.credential_version,
    });
    Some((user, found.password_hash.is_some(), identities.len()))
}

async fn verify(app: &App, id: &Value, admin: &str) {
    let path = format!("PATCH /admin/users/{}", id.as_str().unwrap());
    let reply = app.send(&path, admin, json!({"email_verified": true}));
    reply.await.expect(200);
}

#[tokio::test]
async fn every_case_follows_the_contract() {
    let fake = FakeProvider::start().await;
    for mode in MODES {
        for app in apps_with(|builder| asking(builder, &fake).registration(mode)).await {
            cases_end_as_the_contract_says(&app, &fake, mode).await;
        }
    }
}

async fn cases_end_as_the_contract_says(app: &App, fake: &FakeProvider, mode: RegistrationMode) {
    let admin = app.administrator().await;
    let mut number = 0;
    for local in LOCALS {
        for verified in verified_claims() {
            for domain in ["example.org", "elsewhere.org", "sub.example.org"] {
                number += 1;
                let trusted = domain == "example.org";
                let case = format!("{} {mode:?}: {local:?} {verified:?} {domain}", app.name);
                let email = format!("ann{number}@{domain}");
                let subject = format!("subject {number}");
                let mut claims = person(&subject, &email);
                match &verified {
                    Some(value) => claims["email_verified"] = value.clone(),
                    None => {
                        claims.as_object_mut().unwrap().remove("email_verified");
                    }
                }
                let other = prepare(app, fake, local, &email, &subject, &admin).await;
                let before = snapshot(app, &email).await;
                let outcome = arrive(app, fake, claims).await;
                let after = snapshot(app, &email).await;
                let expected = expected(mode, local, verified.as_ref(), trusted);
                match (expected, outcome) {
                    (Outcome::Refused(code), Err(actual)) => {
                        assert_eq!(actual, code, "{case}");
                        assert_eq!(after, before, "{case}");
                        refused(app, code, &case).await;
                    }
                    (Outcome::NewAccount { proven }, Ok(code)) => {
                        let me = who(app, &code).await;
                        assert_eq!(me["email"], email, "{case}");
                        assert_eq!(me["email_verified"], proven, "{case}");
                        assert!(before.is_none());
                        app.deliver().await;
                        let links = app.letters(&email, "/verify-email?").len();
                        assert_eq!(links, usize::from(!proven), "{case}");
                    }
                    (Outcome::Joined, Ok(code)) => {
                        let me = who(app, &code).await;
                        let (user, has_password, identities) = before.expect("a user");
                        assert_eq!(me["id"], user["id"], "{case}");
                        assert!(has_password && identities == 0);
                        assert_eq!(after, Some((user, true, 1)), "{case}");
                        app.try_login(&email, PASSWORD).await.expect(200);
                    }
                    (Outcome::TakenOver, Ok(code)) => {
                        let me = who(app, &code).await;
                        let (user, _, _) = before.expect("a user");
                        let (taken, has_password, identities) = after.expect("a user");
                        assert_eq!(me["id"], user["id"], "{case}");
                        assert_eq!(taken["verified"], true, "{case}");
                        assert_ne!(taken["version"], user["version"], "{case}");
                        assert_eq!((has_password, identities), (false, 1), "{case}");
                    }
                    (Outcome::OtherUser, Ok(code)) => {
                        let me = who(app, &code).await;
                        assert_eq!(Some(&me["id"]), other.as_ref(), "{case}");
                        assert_eq!(after, before, "{case}");
                    }
                    (expected, outcome) => panic!("{case}: {expected:?} {outcome:?}"),
                }
            }
        }
    }
}

/// Sets up the state, and returns the linked user.
async fn prepare(
    app: &App,
    fake: &FakeProvider,
    local: Local,
    email: &str,
    subject: &str,
    admin: &str,
) -> Option<Value> {
    match local {
        Local::None => None,
        Local::Unverified => {
            register(app, email).await;
            None
        }
        Local::Verified => {
            let id = register(app, email).await;
            verify(app, &id, admin).await;
            None
        }
        Local::Disabled => {
            let id = register(app, email).await;
            let id = id.as_str().unwrap();
            app.set_status(id, UserStatus::Disabled).await;
            None
        }
        Local::LinkedElsewhere => {
            register(app, email).await;
            Some(linked(app, fake, subject).await)
        }
        Local::LinkedToDisabled => {
            let id = linked(app, fake, subject).await;
            let text = id.as_str().unwrap();
            app.set_status(text, UserStatus::Disabled).await;
            Some(id)
        }
    }
}

/// Registers in process, where the registration mode does not apply.
async fn register(app: &App, email: &str) -> Value {
    let registration = Registration::new(email.parse().unwrap(), PASSWORD);
    let user = app.auth.register(registration).await.unwrap();
    json!(user.id)
}

/// Another user, who has this identity.
async fn linked(app: &App, fake: &FakeProvider, subject: &str) -> Value {
    let email = format!("other-{}@example.org", subject.replace(' ', "-"));
    register(app, &email).await;
    let tokens = sign_in(app, fake, person(subject, &email)).await;
    app.me(&tokens.access).await.expect(200).json()["id"].clone()
}

async fn who(app: &App, code: &str) -> Value {
    let reply = super::flow::redeem(app, code, super::flow::VERIFIER).await;
    let tokens = reply.tokens();
    app.me(&tokens.access).await.expect(200).json()
}

/// Checks that the last event has the reason.
async fn refused(app: &App, reason: &str, case: &str) {
    let store = app.store();
    let events = store.list_events(&EventFilter::default(), None, 1).await;
    let event = events.unwrap().remove(0);
    assert_eq!(event.kind, EventKind::LinkRefused, "{case}");
    assert_eq!(event.detail["reason"], reason, "{case}");
    assert_eq!(event.detail["provider"], "idp", "{case}");
    assert!(!format!("{event:?}").contains('@'), "{event:?}");
}

#[tokio::test]
async fn an_identity_without_an_address_registers_nobody() {
    let fake = FakeProvider::start().await;
    for mode in MODES {
        for app in apps_with(|builder| asking(builder, &fake).registration(mode)).await {
            for email in [json!(null), json!("no address"), json!(7), json!("")] {
                let claims = json!({"sub": "1", "email": email, "email_verified": true});
                let refused = arrive(&app, &fake, claims).await;
                assert_eq!(refused, Err("link_required".to_owned()), "{email}");
            }
            let refused = arrive(&app, &fake, json!({"sub": "1"})).await;
            assert_eq!(refused, Err("link_required".to_owned()));
        }
    }
}
