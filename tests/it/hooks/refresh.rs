//! At a refresh, the claims are collected before the token is spent.

use hallpass::{AuthBuilder, event::EventKind};
use serde_json::json;

use super::{ANN, Act, FAULTS, Promoting, Script, claims, hooked};
use crate::support::app::{apps, apps_with};

#[tokio::test]
async fn a_refresh_with_failed_claims_spends_no_token() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        script.pass();
        script.claim(&json!({"tenant": "acme"}));
        let tokens = app.join(ANN).await;
        for (act, status, code) in FAULTS {
            script.at("access_token_claims", act);
            let failed = app.refresh(&tokens.refresh).await;
            failed.problem(status, code);
        }
        // It is so late that an exchanged token would count as stolen.
        app.advance(3600);
        script.pass();
        let next = app.refresh(&tokens.refresh).await.tokens();
        assert_eq!(next.session, tokens.session);
        assert_eq!(claims(&app, &next.access), json!({"tenant": "acme"}));
        app.refresh(&next.refresh).await.expect(200);
        app.deliver().await;
        assert_eq!(app.count_events(EventKind::RefreshTokenReused).await, 0);
        assert!(app.letters(ANN, "was used twice").is_empty());
    }
}

#[tokio::test]
async fn a_used_token_is_theft_while_the_claims_fail() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        script.pass();
        let first = app.join(ANN).await;
        let second = app.refresh(&first.refresh).await.tokens();
        app.advance(3600);
        script.at("access_token_claims", Act::Fail);
        script.seen();
        app.refresh(&first.refresh)
            .await
            .problem(401, "refresh_token_reused");
        app.refresh(&second.refresh)
            .await
            .problem(401, "invalid_refresh_token");
        assert_eq!(script.seen(), Vec::<String>::new());
        assert_eq!(app.count_events(EventKind::RefreshTokenReused).await, 1);
    }
}

#[tokio::test]
async fn roles_that_change_during_a_refresh_are_in_its_token() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let store = app.store();
        let promoting = move |builder: AuthBuilder| builder.hooks(Promoting(store.clone()));
        let promoting = app.another(promoting).await;
        let next = promoting.refresh(&tokens.refresh).await.tokens();
        let claims = app.auth.verify(&next.access.into()).unwrap();
        assert_eq!(claims.roles().to_string(), "editor user");
    }
}
