//! The second step of the sign-in of browsers, and step-up by cookie.

use serde_json::json;

use super::ANN;
use crate::support::{
    app::apps,
    authenticator::ticket_of,
    browser::{OWN, new_cookie},
    http::{JSON, PASSWORD},
};

#[tokio::test]
async fn ticket_is_good_only_where_its_sign_in_began() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let phone = &ann.authenticator;
        let browser_body = || json!({"email": ANN, "password": PASSWORD, "remember": true});
        let of_browser = ticket_of(app.sign_in_browser(browser_body()).await);
        let of_tokens = app.ticket(ANN).await;
        let code = phone.code(app.now());
        let answer = async |path: &str, ticket: &str| {
            let body = json!({"ticket": ticket, "totp": code}).to_string();
            let headers = format!("{JSON}{OWN}");
            app.ask(&format!("POST {path}"), &headers, body.as_bytes())
                .await
        };
        let crossed = answer("/auth/second-factor", &of_browser).await;
        crossed.problem(400, "invalid_token");
        let crossed = answer("/auth/session/second-factor", &of_tokens).await;
        crossed.problem(400, "invalid_token");
        let reply = answer("/auth/session/second-factor", &of_browser).await;
        let reply = reply.expect(200);
        let (_, attributes) = new_cookie(&reply).expect("a cookie");
        assert!(attributes.starts_with("Max-Age="), "`remember` is kept");
        let browser = app.browser(&reply);
        assert_eq!(browser.acr().await, "urn:hallpass:aal2");
        app.advance(30);
        let code = phone.code(app.now());
        app.second_factor(&of_tokens, ("totp", &code))
            .await
            .tokens();
    }
}

#[tokio::test]
async fn code_makes_the_session_of_a_browser_strong() {
    for app in apps().await {
        let weak = app.join_browser(ANN).await;
        let begun = weak.post("/users/me/factors/totp", json!({})).await;
        let phone = crate::support::authenticator::Authenticator::scan(begun);
        let path = format!("/users/me/factors/totp/{}/confirm", phone.id);
        let code = phone.code(app.now());
        weak.post(&path, json!({"totp": code})).await.expect(200);
        assert_eq!(weak.acr().await, "urn:hallpass:aal2");
        app.advance(601);
        let renew = weak.post("/users/me/recovery-codes", json!({})).await;
        renew.problem(401, "step_up_required");
        let body = json!({"totp": phone.code(app.now())});
        let reply = weak.post("/auth/reauthenticate", body).await.expect(204);
        let strong = weak.renewed(&reply);
        let renew = weak.post("/users/me/recovery-codes", json!({})).await;
        renew.problem(401, "step_up_required");
        strong
            .post("/users/me/recovery-codes", json!({}))
            .await
            .expect(200);
    }
}
