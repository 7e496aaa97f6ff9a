//! Users who must have a second factor.

use hallpass::{AuthBuilder, event::EventKind, second_factor::SecondFactorPolicy, user::Role};
use serde_json::json;

use super::{ANN, claims, factors, remove};
use crate::support::{
    app::{App, apps_with},
    authenticator::{Authenticator, recovery_codes, ticket_of},
    http::PASSWORD,
};

fn everyone(builder: AuthBuilder) -> AuthBuilder {
    builder.second_factor(SecondFactorPolicy::Everyone)
}

fn administrators(builder: AuthBuilder) -> AuthBuilder {
    builder.second_factor(SecondFactorPolicy::roles([Role::ADMIN]))
}

async fn enrol(app: &App, ticket: &str) -> Authenticator {
    let body = json!({"ticket": ticket});
    Authenticator::scan(app.post("/auth/second-factor/enrol", body).await)
}

#[tokio::test]
async fn required_factor_is_enrolled_at_sign_in() {
    for app in apps_with(everyone).await {
        app.register(ANN).await;
        let reply = app.try_login(ANN, PASSWORD).await.expect(202);
        let challenge = reply.json();
        assert_eq!(challenge["methods"], json!(["totp"]));
        assert_eq!(challenge["enrol"], true);
        let ticket = ticket_of(reply);
        let early = app.second_factor(&ticket, ("totp", "123456")).await;
        early.problem(401, "invalid_code");
        let replaced = enrol(&app, &ticket).await;
        let phone = enrol(&app, &ticket).await;
        let code = replaced.code(app.now());
        let void = app.second_factor(&ticket, ("totp", &code)).await;
        void.problem(401, "invalid_code");
        let code = phone.code(app.now());
        let reply = app
            .second_factor(&ticket, ("totp", &code))
            .await
            .expect(200);
        let codes = recovery_codes(&reply.json());
        assert_eq!(codes.len(), 10);
        let tokens = reply.tokens();
        assert_eq!(claims(&app, &tokens.access).0, "urn:hallpass:aal2");
        let list = factors(&app, &tokens.access).await;
        assert_eq!(list["required"], true);
        assert_eq!(list["recovery_codes_left"], 10);
        let last = remove(&app, &tokens.access, &phone.id).await;
        last.problem(409, "factor_required");
        app.advance(30);
        let tokens = app.login_with(ANN, &phone).await;
        let next = app.refresh(&tokens.refresh).await.expect(200).json();
        assert!(next.get("recovery_codes").is_none());
        app.deliver().await;
        assert_eq!(app.letters(ANN, "was added").len(), 1);
        assert_eq!(app.count_events(EventKind::FactorAdded).await, 1);
    }
}

/// A ticket asks for an enrolment only while the account has no factor.
#[tokio::test]
async fn enrolment_by_ticket_ends_with_the_first_factor() {
    for app in apps_with(everyone).await {
        app.register(ANN).await;
        let first = app.ticket(ANN).await;
        let second = app.ticket(ANN).await;
        let squatter = enrol(&app, &second).await;
        let phone = enrol(&app, &first).await;
        let code = phone.code(app.now());
        app.second_factor(&first, ("totp", &code)).await.tokens();
        let code = squatter.code(app.now());
        let void = app.second_factor(&second, ("totp", &code)).await;
        void.problem(400, "invalid_token");
        let body = json!({"ticket": second});
        let void = app.post("/auth/second-factor/enrol", body).await;
        void.problem(400, "invalid_token");
    }
}

#[tokio::test]
async fn policy_of_roles_binds_their_users() {
    for app in apps_with(administrators).await {
        let user = app.register(ANN).await;
        let id = user["id"].as_str().expect("a string");
        let before = app.login(ANN).await;
        app.set_roles(id, "user admin").await;
        let challenge = app.try_login(ANN, PASSWORD).await.expect(202).json();
        assert_eq!(challenge["enrol"], true);
        // A session that is open already goes on, and needs a step-up for destructive calls.
        assert_eq!(factors(&app, &before.access).await["required"], true);
        let bob = app.register("bob@example.org").await;
        let bob = bob["id"].as_str().expect("a string");
        app.login("bob@example.org").await;
        app.advance(590);
        let phone = app.begin_totp(&before.access).await;
        let code = phone.code(app.now());
        let confirmed = app.confirm_totp(&before.access, &phone.id, &code).await;
        confirmed.expect(200);
        app.advance(600);
        let strong = app.refresh(&before.refresh).await.tokens();
        let line = format!("DELETE /admin/users/{bob}");
        let headers = format!("Authorization: Bearer {}\r\n", strong.access);
        let late = app.ask(&line, &headers, b"").await;
        late.problem(401, "step_up_required");
        let change = format!("PATCH /admin/users/{bob}");
        let body = json!({"status": "disabled"});
        let late = app.send(&change, &strong.access, body).await;
        late.problem(401, "step_up_required");
        let body = json!({"display_name": "Bob"});
        app.send(&change, &strong.access, body).await.expect(200);
        let code = phone.code(app.now());
        app.reauthenticate_with(&strong.access, &code)
            .await
            .expect(204);
        app.ask(&line, &headers, b"").await.expect(204);
    }
}
