//! Enrolment and sign-in with authenticator apps of others, on every store and both frameworks.

use std::sync::Arc;

use serde_json::json;

use crate::support::{
    app::{App, Framework},
    authenticator::{recovery_codes, ticket_of},
    db::stores,
    foreign_apps::{ForeignApp, Shown},
    http::PASSWORD,
};

/// A client that misreads UTF-8, or reads `+` as a space, shows another address.
const ZOE: &str = "zo\u{eb}+app@example.org";

#[tokio::test]
async fn pyotp_enrols_and_signs_in() {
    enrols_and_signs_in(ForeignApp::Pyotp).await;
}

#[tokio::test]
async fn otplib_enrols_and_signs_in() {
    enrols_and_signs_in(ForeignApp::Otplib).await;
}

async fn enrols_and_signs_in(client: ForeignApp) {
    if !client.is_there() {
        return;
    }
    for framework in [Framework::Actix, Framework::Axum] {
        for store in stores().await {
            let app = App::start(Arc::new(store), framework, |builder| builder).await;
            let tokens = app.join(ZOE).await;
            let line = "POST /users/me/factors/totp";
            let begun = app.send(line, &tokens.access, json!({})).await;
            let secret = begun.expect(201).json();
            let uri = secret["otpauth_uri"].as_str().unwrap();
            let id = secret["id"].as_str().unwrap();

            let code = code_of(client, uri, &app);
            let confirmed = app.confirm_totp(&tokens.access, id, &code).await;
            assert_eq!(recovery_codes(&confirmed.expect(200).json()).len(), 10);

            app.advance(30);
            let ticket = ticket_of(app.try_login(ZOE, PASSWORD).await);
            let code = code_of(client, uri, &app);
            let tokens = app.second_factor(&ticket, ("totp", &code)).await.tokens();
            let user = app.me(&tokens.access).await.expect(200).json();
            assert_eq!(user["email"], ZOE);
        }
    }
}

/// The current code. Checks the account that the client shows with it.
fn code_of(client: ForeignApp, uri: &str, app: &App) -> String {
    let Shown {
        issuer,
        account,
        code,
    } = client.scan(uri, app.now());
    assert_eq!((issuer.as_str(), account.as_str()), ("Hallpass", ZOE));
    code
}
