//! The second factors of the users for which rows are asked.

use std::time::Duration;

use hallpass::clock::{Clock as _, ManualClock};
use serde_json::json;

use crate::support::app::App;

/// The values for the second step of a sign-in, and for second factors.
#[derive(Default)]
pub(super) struct SecondFactor {
    /// The session of a user with an authenticator app.
    pub(super) access: Option<String>,
    pub(super) ticket: String,
    pub(super) totp: String,
    /// An authenticator app.
    pub(super) factor: String,
    /// A remembered device.
    pub(super) device: String,
}

/// Prepares the second factor of a user for the rows that need one.
pub(super) async fn second_factor(
    app: &App,
    clock: &ManualClock,
    root: &str,
    email: &str,
    path: &str,
) -> SecondFactor {
    let rows = [
        "/auth/second-factor",
        "/auth/second-factor/enrol",
        "/users/me/devices/{id}",
        "/users/me/factors/totp/{id}/confirm",
        "/users/me/factors/{id}",
        "/users/me/recovery-codes",
    ];
    if !rows.contains(&path) {
        return SecondFactor::default();
    }
    let session = app.login(email).await;
    if path == "/auth/second-factor/enrol" {
        let me = app.me(&session.access).await.json();
        let id = me["id"].as_str().expect("a string");
        let line = format!("PATCH /admin/users/{id}");
        let body = json!({"roles": ["user", "enrolling"]});
        app.send(&line, root, body).await.expect(200);
        return SecondFactor {
            ticket: app.ticket(email).await,
            ..SecondFactor::default()
        };
    }
    let phone = app.begin_totp(&session.access).await;
    let code = phone.code(clock.now());
    let confirmed = app.confirm_totp(&session.access, &phone.id, &code).await;
    confirmed.expect(200);
    // The clock of both twins must not move here, so the next step is shown early.
    let next_step = clock.now() + Duration::from_secs(30);
    let (mut device, mut next) = (String::new(), phone.clone());
    if path == "/users/me/devices/{id}" {
        let ticket = app.ticket(email).await;
        let body =
            json!({"ticket": ticket, "totp": phone.code(next_step), "remember_device": true});
        app.post("/auth/second-factor", body).await.expect(200);
        let devices = app.get("/users/me/devices", &session.access).await.json();
        device = devices["items"][0]["id"]
            .as_str()
            .expect("a string")
            .to_owned();
    }
    if path == "/users/me/factors/totp/{id}/confirm" {
        next = app.begin_totp(&session.access).await;
    }
    SecondFactor {
        ticket: app.ticket(email).await,
        totp: next.code(next_step),
        factor: next.id,
        access: Some(session.access),
        device,
    }
}
