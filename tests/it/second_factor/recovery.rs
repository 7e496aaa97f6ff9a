//! Recovery codes, resets by an administrator, and what never removes a factor.

use hallpass::{event::EventKind, user::UserStatus};
use serde_json::json;

use super::{ANN, claims, factors, remove};
use crate::support::{
    app::{App, apps, token_in},
    authenticator::{recovery_codes, ticket_of},
    http::{PASSWORD, Reply},
};

async fn renew(app: &App, access: &str) -> Reply {
    app.post_as("/users/me/recovery-codes", access).await
}

async fn reset_by_administrator(app: &App, access: &str, id: &str) -> Reply {
    let line = format!("DELETE /admin/users/{id}/factors");
    let headers = format!("Authorization: Bearer {access}\r\n");
    app.ask(&line, &headers, b"").await
}

/// Recovery code used twice (Parse Server CVE-2026-31875).
#[tokio::test]
async fn recovery_code_used_twice_is_refused_in_any_spelling() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let code = ann.recovery_codes[0].clone();
        let spelled = code.replace('-', "").to_lowercase();
        let ticket = app.ticket(ANN).await;
        let tokens = app
            .second_factor(&ticket, ("recovery_code", &spelled))
            .await
            .tokens();
        let (acr, methods) = claims(&app, &tokens.access);
        assert_eq!(acr, "urn:hallpass:aal2");
        assert_eq!(methods, ["pwd", "mfa", "recovery"]);
        let ticket = app.ticket(ANN).await;
        let used = app.second_factor(&ticket, ("recovery_code", &code)).await;
        used.problem(401, "invalid_code");
        let left = factors(&app, &tokens.access).await;
        assert_eq!(left["recovery_codes_left"], 9);
        assert_eq!(app.count_events(EventKind::RecoveryCodeUsed).await, 1);
    }
}

/// A recovery code gives ten minutes to add and remove factors, and nothing else that needs a step-up.
#[tokio::test]
async fn recovered_session_may_change_factors_for_ten_minutes() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let ticket = app.ticket(ANN).await;
        let shown = ("recovery_code", ann.recovery_codes[0].as_str());
        let tokens = app.second_factor(&ticket, shown).await.tokens();
        renew(&app, &tokens.access)
            .await
            .problem(401, "step_up_required");
        let body = json!({"new_email": "new@example.org", "current_password": PASSWORD});
        let refused = app.send("POST /users/me/email", &tokens.access, body).await;
        refused.problem(401, "step_up_required");
        let body = json!({"current_password": PASSWORD});
        let refused = app.send("DELETE /users/me", &tokens.access, body).await;
        refused.problem(401, "step_up_required");

        let phone = app.begin_totp(&tokens.access).await;
        let code = phone.code(app.now());
        app.confirm_totp(&tokens.access, &phone.id, &code)
            .await
            .expect(200);
        remove(&app, &tokens.access, &ann.authenticator.id)
            .await
            .expect(204);
        // The new app makes the session as strong as any.
        renew(&app, &tokens.access).await.expect(200);

        app.advance(30);
        let ticket = app.ticket(ANN).await;
        let stale = app.second_factor(&ticket, shown).await;
        stale.problem(401, "invalid_code");
    }
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let ticket = app.ticket(ANN).await;
        let shown = ("recovery_code", ann.recovery_codes[0].as_str());
        let tokens = app.second_factor(&ticket, shown).await.tokens();
        app.advance(600);
        let tokens = app.refresh(&tokens.refresh).await.tokens();
        let late = remove(&app, &tokens.access, &ann.authenticator.id).await;
        late.problem(401, "step_up_required");
    }
}

#[tokio::test]
async fn new_recovery_codes_void_the_old_ones() {
    for app in apps().await {
        app.register("bob@example.org").await;
        let bob = app.login("bob@example.org").await;
        renew(&app, &bob.access)
            .await
            .problem(409, "factor_required");
        let ann = app.enrolled(ANN).await;
        let open = app.ticket(ANN).await;
        let renewed = renew(&app, &ann.tokens.access).await.expect(200);
        let codes = recovery_codes(&renewed.json());
        assert_eq!(codes.len(), 10);
        let shown = ("recovery_code", codes[0].as_str());
        app.second_factor(&open, shown)
            .await
            .problem(400, "invalid_token");
        let ticket = app.ticket(ANN).await;
        let old = ("recovery_code", ann.recovery_codes[0].as_str());
        app.second_factor(&ticket, old)
            .await
            .problem(401, "invalid_code");
        app.second_factor(&ticket, shown).await.tokens();
        app.deliver().await;
        assert_eq!(app.letters(ANN, "recovery codes").len(), 1);
        assert_eq!(app.count_events(EventKind::RecoveryCodesRenewed).await, 1);
    }
}

#[tokio::test]
async fn last_recovery_code_is_reported() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        for code in &ann.recovery_codes {
            let ticket = app.ticket(ANN).await;
            app.second_factor(&ticket, ("recovery_code", code))
                .await
                .tokens();
        }
        app.deliver().await;
        assert_eq!(
            app.letters(ANN, "last recovery code").len(),
            1,
            "{}",
            app.name
        );
        let challenge = app.try_login(ANN, PASSWORD).await.expect(202).json();
        assert_eq!(challenge["methods"], json!(["totp"]));
    }
}

#[tokio::test]
async fn administrator_resets_factors_and_the_owner_is_notified() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let me = app.me(&ann.tokens.access).await.json();
        let id = me["id"].as_str().expect("a string");
        let ticket = app.ticket(ANN).await;
        let root = app.administrator().await;
        let path = format!("/admin/users/{id}/factors");
        let seen = app.get(&path, &root).await.expect(200).json();
        assert_eq!(seen["items"][0]["id"], ann.authenticator.id.as_str());
        assert_eq!(seen["recovery_codes_left"], 10);
        let refused = reset_by_administrator(&app, &ann.tokens.access, id).await;
        refused.problem(403, "forbidden");
        app.advance(600);
        let late = reset_by_administrator(&app, &root, id).await;
        late.problem(401, "invalid_access_token");
        let root = app.login("root@example.org").await.access;
        reset_by_administrator(&app, &root, id).await.expect(204);
        let nobody = "00000000-0000-0000-0000-000000000000";
        let unknown = reset_by_administrator(&app, &root, nobody).await;
        unknown.problem(404, "user_not_found");

        app.refresh(&ann.tokens.refresh)
            .await
            .problem(401, "invalid_refresh_token");
        let code = ann.authenticator.code(app.now());
        let void = app.second_factor(&ticket, ("totp", &code)).await;
        void.problem(400, "invalid_token");
        let tokens = app.login(ANN).await;
        let left = factors(&app, &tokens.access).await;
        assert_eq!(left["recovery_codes_left"], 0);
        app.deliver().await;
        assert_eq!(app.letters(ANN, "administrator").len(), 1, "{}", app.name);
        let filter = hallpass::event::EventFilter {
            user_id: Some(id.parse().unwrap()),
            kind: Some(EventKind::FactorsReset),
        };
        let events = app.store().list_events(&filter, None, 10).await.unwrap();
        assert_eq!(events.len(), 1);
        assert!(
            events[0]
                .actor_id
                .is_some_and(|actor| actor.to_string() != id)
        );
    }
}

/// A reset, an administrator's edit, and a new password keep the factor, and the next sign-in asks for it.
#[tokio::test]
async fn factor_outlives_resets_and_edits() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let me = app.me(&ann.tokens.access).await.json();
        let id = me["id"].as_str().expect("a string");
        let open = app.ticket(ANN).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, "another passphrase").await.expect(204);
        let code = ann.authenticator.code(app.now());
        let void = app.second_factor(&open, ("totp", &code)).await;
        void.problem(400, "invalid_token");
        let ticket = ticket_of(app.try_login(ANN, "another passphrase").await);
        let tokens = app.second_factor(&ticket, ("totp", &code)).await.tokens();
        app.set_roles(id, "user editor").await;
        app.set_status(id, UserStatus::Disabled).await;
        app.set_status(id, UserStatus::Active).await;
        app.me(&tokens.access)
            .await
            .problem(401, "invalid_access_token");
        ticket_of(app.try_login(ANN, "another passphrase").await);
    }
}

/// The reset of an account that was never proven is a takeover, which removes the factors of the previous holder.
#[tokio::test]
async fn takeover_removes_the_factors() {
    for app in apps().await {
        app.register(ANN).await;
        let squatter = app.login(ANN).await;
        let phone = app.begin_totp(&squatter.access).await;
        let code = phone.code(app.now());
        app.confirm_totp(&squatter.access, &phone.id, &code)
            .await
            .expect(200);
        app.forgot(ANN).await;
        app.deliver().await;
        let token = token_in(&app.letter(ANN, "/reset-password?"));
        app.reset(&token, "the owner's passphrase")
            .await
            .expect(204);
        let owner = app.try_login(ANN, "the owner's passphrase").await.tokens();
        let left = factors(&app, &owner.access).await;
        assert_eq!(left["items"], json!([]));
        assert_eq!(left["recovery_codes_left"], 0);
    }
}
