//! Calls that need a second factor shown recently.

use hallpass::{ErrorKind, event::ClientInfo, secret::AccessToken};
use serde_json::{Value, json};

use super::{ANN, claims, remove};
use crate::support::{
    app::{App, apps, link_token},
    http::{PASSWORD, Reply},
};

async fn send(app: &App, access: &str, line: &str, body: &Value) -> Reply {
    app.send(line, access, body.clone()).await
}

/// Factor removed with low assurance (Keycloak CVE-2026-3429): an old or weak session, or the password alone, does not
/// suffice.
#[tokio::test]
async fn factor_removed_with_low_assurance_is_refused() {
    for app in apps().await {
        app.register(ANN).await;
        let weak = app.login(ANN).await;
        let ann = {
            let session = app.login(ANN).await;
            let phone = app.begin_totp(&session.access).await;
            let code = phone.code(app.now());
            app.confirm_totp(&session.access, &phone.id, &code)
                .await
                .expect(200);
            app.advance(30);
            (session, phone)
        };
        let (strong, phone) = ann;
        let delete = format!("DELETE /users/me/factors/{}", phone.id);
        let rows = [
            (delete.as_str(), json!({})),
            ("POST /users/me/factors/totp", json!({})),
            ("POST /users/me/recovery-codes", json!({})),
            (
                "POST /users/me/email",
                json!({"new_email": "new@example.org", "current_password": PASSWORD}),
            ),
            ("DELETE /users/me", json!({"current_password": PASSWORD})),
        ];
        for (line, body) in &rows {
            let refused = send(&app, &weak.access, line, body).await;
            refused.problem(401, "step_up_required");
        }
        // The password makes the session fresh, not strong.
        let body = json!({"password": PASSWORD});
        let line = "POST /auth/reauthenticate";
        app.send(line, &weak.access, body.clone()).await.expect(204);
        for (line, body) in &rows {
            let refused = send(&app, &weak.access, line, body).await;
            refused.problem(401, "step_up_required");
        }
        app.advance(600);
        let old = app.refresh(&strong.refresh).await.tokens();
        app.send(line, &old.access, body).await.expect(204);
        for (line, body) in &rows {
            let refused = send(&app, &old.access, line, body).await;
            refused.problem(401, "step_up_required");
        }
        let code = phone.code(app.now());
        app.reauthenticate_with(&old.access, &code)
            .await
            .expect(204);
        app.begin_totp(&old.access).await;
        app.send("POST /users/me/recovery-codes", &old.access, json!({}))
            .await
            .expect(200);
        remove(&app, &old.access, &phone.id).await.expect(204);
    }
}

#[tokio::test]
async fn user_without_a_factor_needs_a_recent_sign_in() {
    for app in apps().await {
        app.register(ANN).await;
        let session = app.login(ANN).await;
        app.begin_totp(&session.access).await;
        app.advance(600);
        let session = app.refresh(&session.refresh).await.tokens();
        let line = "POST /users/me/factors/totp";
        let late = app.send(line, &session.access, json!({})).await;
        late.problem(403, "reauthentication_required");
        let body = json!({"new_email": "new@example.org", "current_password": PASSWORD});
        app.send("POST /users/me/email", &session.access, body)
            .await
            .expect(202);
    }
}

/// A weak session becomes strong by a code, and its tokens show it from the next refresh on.
#[tokio::test]
async fn reauthentication_with_a_code_makes_the_session_strong() {
    for app in apps().await {
        app.register(ANN).await;
        let weak = app.login(ANN).await;
        let other = app.login(ANN).await;
        let phone = app.begin_totp(&other.access).await;
        let code = phone.code(app.now());
        app.confirm_totp(&other.access, &phone.id, &code)
            .await
            .expect(200);
        app.advance(30);
        let before = app.auth.verify(&weak.access.as_str().into()).unwrap();
        let code = phone.code(app.now());
        app.reauthenticate_with(&weak.access, &code)
            .await
            .expect(204);
        assert_eq!(claims(&app, &weak.access).0, "urn:hallpass:aal1");
        let strong = app.refresh(&weak.refresh).await.tokens();
        let (acr, methods) = claims(&app, &strong.access);
        assert_eq!(acr, "urn:hallpass:aal2");
        assert_eq!(methods, ["pwd", "otp", "mfa"]);
        let after = app.auth.verify(&strong.access.as_str().into()).unwrap();
        assert!(after.authenticated_at() > before.authenticated_at());
        for body in [json!({}), json!({"password": PASSWORD, "totp": "123456"})] {
            let refused = app
                .send("POST /auth/reauthenticate", &strong.access, body)
                .await;
            refused.problem(422, "validation_failed");
        }
        let body = json!({"recovery_code": "0000-0000"});
        let refused = app
            .send("POST /auth/reauthenticate", &strong.access, body)
            .await;
        refused.problem(422, "validation_failed");
    }
}

/// A permission that was given while the account had no factor ends with the first factor.
#[tokio::test]
async fn first_factor_ends_the_permissions_given_without_it() {
    for app in apps().await {
        app.register(ANN).await;
        let owner = app.login(ANN).await;
        let thief = app.login(ANN).await;
        let access = AccessToken::from(thief.access.as_str());
        let before = app.auth.current_user(&access).await.expect("it is live");
        let rival = app.begin_totp(&thief.access).await;
        let body = json!({"new_email": "thief@example.org", "current_password": PASSWORD});
        let line = "POST /users/me/email";
        app.send(line, &thief.access, body).await.expect(202);
        app.deliver().await;
        let letter = app.letter("thief@example.org", "/confirm-email-change?");
        let token = link_token(&letter, "confirm-email-change");

        let phone = app.begin_totp(&owner.access).await;
        let code = phone.code(app.now());
        let confirmed = app.confirm_totp(&owner.access, &phone.id, &code).await;
        confirmed.expect(200);

        let factors = app.auth.factors();
        let client = ClientInfo::default();
        let renewed = factors.renew_recovery_codes(&before, &client).await;
        assert_eq!(renewed.unwrap_err().kind(), ErrorKind::FactorRequired);
        let begun = factors.begin_totp(&before, None).await;
        assert_eq!(begun.unwrap_err().kind(), ErrorKind::StepUpRequired);
        let id = phone.id.parse().expect("an id");
        let removed = factors.remove(&before, id, &client).await;
        assert_eq!(removed.unwrap_err().kind(), ErrorKind::NotFound);
        let code = rival.code(app.now());
        let late = app.confirm_totp(&thief.access, &rival.id, &code).await;
        late.problem(404, "not_found");
        let body = json!({"token": token});
        let void = app.post("/auth/confirm-email-change", body).await;
        void.problem(400, "invalid_token");
    }
}

/// An enrolment is confirmed by the session that began it, and a removed factor no longer counts as presented.
#[tokio::test]
async fn other_sessions_gain_nothing_from_a_factor() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let other = app.login_with(ANN, &ann.authenticator).await;
        let pending = app.begin_totp(&ann.tokens.access).await;
        let code = pending.code(app.now());
        let foreign = app.confirm_totp(&other.access, &pending.id, &code).await;
        foreign.problem(404, "not_found");
        let confirmed = app
            .confirm_totp(&ann.tokens.access, &pending.id, &code)
            .await;
        confirmed.expect(200);
        remove(&app, &ann.tokens.access, &ann.authenticator.id)
            .await
            .expect(204);
        let weakened = remove(&app, &other.access, &pending.id).await;
        weakened.problem(401, "step_up_required");
        remove(&app, &ann.tokens.access, &pending.id)
            .await
            .expect(204);
    }
}

/// A weak session of an administrator who has a factor changes no roles, whatever the policy.
#[tokio::test]
async fn administrator_with_a_factor_needs_a_step_up_for_destructive_calls() {
    for app in apps().await {
        let bob = app.register("bob@example.org").await;
        let bob = bob["id"].as_str().expect("a string");
        let weak = app.administrator().await;
        let root = app.login("root@example.org").await;
        let phone = app.begin_totp(&root.access).await;
        let code = phone.code(app.now());
        app.confirm_totp(&root.access, &phone.id, &code)
            .await
            .expect(200);
        let user = format!("/admin/users/{bob}");
        let calls = [
            (format!("PATCH {user}"), json!({"roles": ["admin"]})),
            (format!("PATCH {user}"), json!({"status": "disabled"})),
            (format!("PATCH {user}"), json!({"email_verified": false})),
            (
                "POST /admin/users".to_owned(),
                json!({"email": "eve@example.org", "roles": ["admin"]}),
            ),
            (format!("DELETE {user}/factors"), json!({})),
            (format!("DELETE {user}"), json!({})),
        ];
        for (line, body) in &calls {
            let refused = send(&app, &weak, line, body).await;
            refused.problem(401, "step_up_required");
        }
        for (line, body) in &calls {
            let status = send(&app, &root.access, line, body).await.status;
            assert!((200..300).contains(&status), "{line}: {status}");
        }
    }
}
