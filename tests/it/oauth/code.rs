//! The code that the application redeems after a flow.

use hallpass::{event::EventKind, identity::CodeChallenge};
use serde_json::json;

use super::{
    ANN,
    flow::{VERIFIER, apps_of, arrive, arrive_for, person, redeem, sign_in},
    kinds,
};
use crate::support::{app::race, http::members_of, provider::FakeProvider};

#[tokio::test]
async fn a_code_works_once_for_a_minute_for_its_flow() {
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
async fn a_code_is_void_after_the_credentials_change() {
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
        app.set_status(id, hallpass::user::UserStatus::Disabled)
            .await;
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
async fn one_of_sixteen_redemptions_of_a_code_gets_a_session() {
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

#[tokio::test]
async fn a_link_flow_never_signs_in_and_a_sign_in_never_links() {
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
