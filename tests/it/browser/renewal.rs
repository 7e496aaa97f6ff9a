//! When the cookie changes, and that nothing else ends a session.

use serde_json::{Value, json};

use super::ANN;
use crate::support::{
    app::{apps, apps_with, race, unhurried},
    authenticator::ticket_of,
    browser::new_cookie,
    http::PASSWORD,
};

const NEW: &str = "another good passphrase";

#[tokio::test]
async fn cookie_is_renewed_by_a_reauthentication() {
    for app in apps().await {
        let old = app.join_browser(ANN).await;
        app.advance(601);
        let body = json!({"password": PASSWORD});
        let reply = old.post("/auth/reauthenticate", body.clone()).await;
        let reply = reply.expect(204);
        let new = old.renewed(&reply);
        assert!(new.is_signed_in().await && old.is_signed_in().await);
        // Only the new cookie is fresh.
        let begin = "/users/me/factors/totp";
        let stale = old.post(begin, json!({})).await;
        stale.problem(403, "reauthentication_required");
        new.post(begin, json!({})).await.expect(201);
        // A repeated request gets the same successor.
        let again = old.post("/auth/reauthenticate", body).await.expect(204);
        assert_eq!(old.renewed(&again).cookie, new.cookie);
        app.advance(29);
        assert!(old.is_signed_in().await, "{}", app.name);
        app.advance(1);
        assert!(!old.is_signed_in().await, "{}", app.name);
        assert!(new.is_signed_in().await, "{}", app.name);
    }
}

#[tokio::test]
async fn wrong_password_renews_nothing() {
    for app in apps().await {
        let browser = app.join_browser(ANN).await;
        let body = json!({"password": "wrong password"});
        let reply = browser.post("/auth/reauthenticate", body).await;
        assert!(new_cookie(&reply).is_none());
        reply.problem(401, "invalid_credentials");
        assert!(browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn new_password_voids_the_old_cookie_at_once() {
    for app in apps().await {
        let old = app.join_browser(ANN).await;
        let other = app.browse(ANN).await;
        let body = json!({"current_password": PASSWORD, "new_password": NEW});
        let reply = old.post("/users/me/password", body).await.expect(204);
        let new = old.renewed(&reply);
        assert!(new.is_signed_in().await, "{}", app.name);
        assert!(!old.is_signed_in().await, "{}", app.name);
        assert!(!other.is_signed_in().await, "{}", app.name);
    }
}

#[tokio::test]
async fn logout_ends_both_cookies_of_a_renewal() {
    for app in apps().await {
        let old = app.join_browser(ANN).await;
        let body = json!({"password": PASSWORD});
        let reply = old.post("/auth/reauthenticate", body).await.expect(204);
        let new = old.renewed(&reply);
        new.sign_out().await.expect(204);
        assert!(!old.is_signed_in().await && !new.is_signed_in().await);
    }
}

/// Parallel requests, lost replies and renewals never end a session. `HALLPASS_TEST_ROUNDS=10000` runs the long form.
#[tokio::test]
async fn parallel_requests_never_end_a_session() {
    for app in apps_with(unhurried).await {
        let mut browser = app.join_browser(ANN).await;
        for round in 0..rounds() {
            // Now and then, the idle time is written. All rounds fit into the 12 hours of the session.
            let is_pause = round < 5 || round % 100 == 0;
            app.advance(if is_pause { 301 } else { 1 });
            let replies = race(20, |index| {
                let browser = browser.clone();
                async move {
                    match index % 10 {
                        0 if round > 0 => {
                            let body = json!({"password": PASSWORD});
                            browser.post("/auth/reauthenticate", body).await
                        }
                        1 => browser.post("/auth/session", Value::Null).await,
                        _ => browser.get("/users/me").await,
                    }
                }
            })
            .await;
            let mut renewed = Vec::new();
            for reply in replies {
                match reply.status {
                    200 => {}
                    204 => renewed.extend(new_cookie(&reply).map(|(cookie, _)| cookie)),
                    // The sign-in without a body.
                    415 => {}
                    _ => panic!("{} in round {round}: {reply:?}", app.name),
                }
            }
            renewed.dedup();
            assert!(renewed.len() <= 1, "all renewals have one successor");
            if let Some(cookie) = renewed.pop() {
                browser.cookie = cookie;
            }
            assert!(browser.is_signed_in().await, "{}", app.name);
        }
    }
}

fn rounds() -> u64 {
    let rounds = std::env::var("HALLPASS_TEST_ROUNDS");
    rounds.map_or(5, |rounds| rounds.parse().expect("a number of rounds"))
}

/// A thief has a copy of the cookie and the password, but no second factor.
#[tokio::test]
async fn former_cookie_gains_nothing_from_the_owner() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let body = json!({"email": ANN, "password": PASSWORD});
        let ticket = ticket_of(app.sign_in_browser(body).await);
        let code = ann.authenticator.code(app.now());
        let body = json!({"ticket": ticket, "totp": code});
        let stolen = app.browser(&app.sign_in_browser_step(body).await.expect(200));
        app.advance(601);

        let step_up = json!({"totp": ann.authenticator.code(app.now())});
        let reply = stolen
            .post("/auth/reauthenticate", step_up)
            .await
            .expect(204);
        let owner = stolen.renewed(&reply);
        let password = json!({"password": PASSWORD});
        let reply = stolen.post("/auth/reauthenticate", password.clone()).await;
        assert!(new_cookie(&reply).is_none());
        reply.problem(401, "invalid_access_token");
        let change = json!({"current_password": PASSWORD, "new_password": NEW});
        let reply = stolen.post("/users/me/password", change).await;
        assert!(new_cookie(&reply).is_none());
        reply.problem(401, "invalid_access_token");
        let renew = stolen.post("/users/me/recovery-codes", json!({})).await;
        renew.problem(401, "step_up_required");
        assert!(owner.is_signed_in().await);

        // The thief is first, with the password alone.
        app.advance(601);
        let reply = owner
            .post("/auth/reauthenticate", password)
            .await
            .expect(204);
        let thief = owner.renewed(&reply);
        let step_up = json!({"totp": ann.authenticator.code(app.now())});
        let reply = owner.post("/auth/reauthenticate", step_up).await;
        reply.problem(401, "invalid_access_token");
        let renew = thief.post("/users/me/recovery-codes", json!({})).await;
        renew.problem(401, "step_up_required");
    }
}
