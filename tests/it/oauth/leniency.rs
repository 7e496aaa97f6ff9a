//! Provider data that is never read does not fail a sign-in.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    ANN,
    flow::{VERIFIER, apps_of, begin, come_back, landed, person, redeem, sign_in},
};
use crate::support::provider::{FakeProvider, form};

#[tokio::test]
async fn unread_members_of_a_token_reply_may_have_any_type() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        for (name, value) in [
            ("scope", json!(["openid", "email"])),
            ("scope", json!({"openid": true})),
            ("scope", json!(null)),
            ("expires_in", json!("3600")),
            ("expires_in", json!(3599.5)),
            ("expires_in", json!(-1)),
            ("refresh_token", json!(7)),
            ("refresh_expires_in", json!("0")),
            ("error", json!(null)),
            ("error_description", json!(["none"])),
        ] {
            fake.behave(|behaviour| {
                behaviour.token = Arc::new(move |answer: &mut Map<String, Value>| {
                    answer.insert(name.to_owned(), value.clone());
                });
            });
            let tokens = sign_in(&app, &fake, person("1", ANN)).await;
            app.me(&tokens.access).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_refusal_is_recognised_by_its_error_alone() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.behave(|behaviour| {
            let body =
                json!({"error": "invalid_grant", "error_description": ["x"], "error_uri": 7});
            behaviour.instead.insert("/token", (400, body.to_string()));
        });
        let refused = super::flow::arrive(&app, &fake, person("1", ANN)).await;
        assert_eq!(refused, Err("provider_failed".to_owned()));
    }
}

/// Parameters that providers and proxies add.
fn foreign() -> Vec<String> {
    let mut foreign = vec![
        "error_description=introducci%u00f3n".to_owned(),
        "error_description=introducci%F3n".to_owned(),
        "error_description=100%".to_owned(),
        "error_description=a&error_description=b".to_owned(),
        "session_state=a&session_state=b&authuser=0&prompt=none".to_owned(),
        "%zz=1&%ff=2&=3&%=".to_owned(),
        "scope=openid+email&scope=%e9".to_owned(),
    ];
    let many = (0..200).map(|index| format!("utm_{index}=x"));
    foreign.push(many.collect::<Vec<_>>().join("&"));
    foreign
}

#[tokio::test]
async fn foreign_callback_parameters_are_ignored() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        for foreign in foreign() {
            for is_first in [true, false] {
                let tab = begin(&app, &[]).await;
                let own = fake.approve(&tab.location, &person("1", ANN));
                let query = match is_first {
                    true => format!("{foreign}&{own}"),
                    false => format!("{own}&{foreign}"),
                };
                let params = landed(come_back(&app, &tab, &query).await);
                redeem(&app, &params["code"], VERIFIER).await.tokens();
            }
        }
    }
}

#[tokio::test]
async fn a_denial_reaches_the_application_in_any_encoding() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        for foreign in foreign() {
            let tab = begin(&app, &[]).await;
            let state = &form(tab.location.split_once('?').unwrap().1)["state"];
            let query = format!("error=access_denied&{foreign}&state={state}");
            let params = landed(come_back(&app, &tab, &query).await);
            assert_eq!(params["error"], "access_denied", "{foreign}");
        }
    }
}

#[tokio::test]
async fn malformed_callback_parameters_are_refused() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let before = fake.calls("/token");
        let tab = begin(&app, &[]).await;
        let query = fake.approve(&tab.location, &person("1", ANN));
        for more in [
            "state=x",
            "code=x",
            "%63ode=x",
            "s%74ate",
            "error=a&error=b",
            "error=%ff",
            "iss=%zz",
            "iss=a&%69ss=a",
        ] {
            let reply = come_back(&app, &tab, &format!("{query}&{more}")).await;
            reply.problem(400, "invalid_token");
        }
        assert_eq!(fake.calls("/token"), before, "the provider was not asked");
        let params = landed(come_back(&app, &tab, &query).await);
        redeem(&app, &params["code"], VERIFIER).await.tokens();
    }
}
