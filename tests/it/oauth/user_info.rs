//! Sign-ins with and without user info.

use std::sync::Arc;

use hallpass::event::EventKind;
use serde_json::{Map, Value, json};

use super::{
    ANN,
    flow::{VERIFIER, apps_of, arrive, arrive_for, person, redeem, sign_in},
};
use crate::support::{
    app::App,
    provider::{Behaviour, FakeProvider},
};

/// Moves these claims from the ID token to user info.
fn without(names: &'static [&'static str]) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| {
        behaviour.claims = Arc::new(move |claims: &mut Map<String, Value>| {
            claims.retain(|name, _| !names.contains(&name.as_str()));
        });
    }
}

async fn proven(app: &App, email: &str) -> Value {
    let id = app.register(email).await["id"].clone();
    app.set_verified(id.as_str().unwrap()).await;
    id
}

#[tokio::test]
async fn an_address_verified_by_user_info_alone_joins_its_account() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let id = proven(&app, ANN).await;
        fake.behave(without(&["email_verified"]));
        let tokens = sign_in(&app, &fake, person("1", ANN)).await;
        assert_eq!(app.me(&tokens.access).await.json()["id"], id);

        // User info spells the same address in another way.
        let id = proven(&app, "bob@example.org").await;
        fake.behave(|behaviour| {
            without(&["email_verified"])(behaviour);
            behaviour.userinfo = Arc::new(|info: &mut Map<String, Value>| {
                info.insert("email".to_owned(), json!("BOB@Example.org"));
            });
        });
        let tokens = sign_in(&app, &fake, person("2", "bob@example.org")).await;
        assert_eq!(app.me(&tokens.access).await.json()["id"], id);
        fake.behave(|_| {});
    }
}

#[tokio::test]
async fn user_info_that_verifies_another_address_proves_nothing() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        proven(&app, ANN).await;
        for beside in [
            json!("eve@example.org"),
            json!(null),
            json!(7),
            json!("ann"),
        ] {
            let case = beside.to_string();
            fake.behave(|behaviour| {
                without(&["email_verified"])(behaviour);
                behaviour.userinfo = Arc::new(move |info: &mut Map<String, Value>| {
                    info.insert("email".to_owned(), beside.clone());
                });
            });
            let refused = arrive(&app, &fake, person("1", ANN)).await;
            assert_eq!(refused, Err("link_required".to_owned()), "{case}");
        }
        // The ID token says that the address is not verified.
        fake.behave(|behaviour| {
            behaviour.claims = Arc::new(|claims: &mut Map<String, Value>| {
                claims.insert("email_verified".to_owned(), json!(false));
            });
        });
        let refused = arrive(&app, &fake, person("1", ANN)).await;
        assert_eq!(refused, Err("link_required".to_owned()));
        fake.behave(|_| {});
    }
}

type Fail = Box<dyn Fn(&mut Behaviour)>;

/// The replies that may come in place of user info.
fn failures() -> Vec<(&'static str, Fail)> {
    let instead = |status: u16, body: &'static str| {
        move |behaviour: &mut Behaviour| {
            let reply = (status, body.to_owned());
            behaviour.instead.insert("/userinfo", reply);
        }
    };
    let of_another = |behaviour: &mut Behaviour| {
        behaviour.userinfo = Arc::new(|info: &mut Map<String, Value>| {
            info.insert("sub".to_owned(), json!("another"));
        });
    };
    vec![
        ("403", Box::new(instead(403, "{}"))),
        ("500", Box::new(instead(500, ""))),
        ("a redirect", Box::new(instead(302, ""))),
        ("a JWT", Box::new(instead(200, "a.b.c"))),
        ("twice", Box::new(instead(200, r#"{"sub":"1","sub":"1"}"#))),
        ("of another", Box::new(of_another)),
    ]
}

#[tokio::test]
async fn a_linked_user_signs_in_without_user_info() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.behave(|_| {});
        let tokens = sign_in(&app, &fake, person("1", ANN)).await;
        let id = app.me(&tokens.access).await.json()["id"].clone();
        for (case, fail) in failures() {
            fake.behave(|behaviour| {
                without(&["email", "email_verified"])(behaviour);
                fail(behaviour);
            });
            let tokens = sign_in(&app, &fake, person("1", ANN)).await;
            assert_eq!(app.me(&tokens.access).await.json()["id"], id, "{case}");

            // A user who is not linked cannot sign in, because the address is not known.
            let failed = app.count_events(EventKind::SignInFailed).await;
            let refused = arrive(&app, &fake, person("2", "bob@example.org")).await;
            assert_eq!(refused, Err("provider_failed".to_owned()), "{case}");
            let now = app.count_events(EventKind::SignInFailed).await;
            assert_eq!(now, failed + 1, "{case}");
            assert_eq!(app.count_events(EventKind::AccountCreated).await, 1);
        }
    }
}

#[tokio::test]
async fn failed_user_info_leaves_the_address_unverified() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        for (number, (case, fail)) in failures().into_iter().enumerate() {
            fake.behave(|behaviour| {
                without(&["email_verified"])(behaviour);
                fail(behaviour);
            });
            let claims = person(
                &format!("new {number}"),
                &format!("new{number}@example.org"),
            );
            let tokens = sign_in(&app, &fake, claims).await;
            let me = app.me(&tokens.access).await.json();
            assert_eq!(me["email_verified"], false, "{case}");
        }
        proven(&app, ANN).await;
        let refused = arrive(&app, &fake, person("1", ANN)).await;
        assert_eq!(refused, Err("link_required".to_owned()));
    }
}

#[tokio::test]
async fn an_identity_is_linked_without_its_address() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let tokens = app.join(ANN).await;
        fake.behave(|behaviour| {
            without(&["email", "email_verified"])(behaviour);
            behaviour.instead.insert("/userinfo", (403, String::new()));
        });
        let code = arrive_for(&app, &fake, person("1", ANN), &[("intent", "link")]).await;
        let body = json!({"code": code.unwrap(), "code_verifier": VERIFIER});
        let reply = app.send("POST /users/me/identities", &tokens.access, body);
        let identity = reply.await.expect(201).json();
        assert_eq!(
            (&identity["subject"], &identity["email"]),
            (&json!("1"), &Value::Null)
        );
        let code = arrive(&app, &fake, person("1", ANN)).await.unwrap();
        redeem(&app, &code, VERIFIER).await.tokens();
    }
}
