//! The lockout after wrong passwords, the ways to end it, and known devices.

use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    clock::Timestamp,
    error::StoreError,
    event::{EventFilter, EventKind},
    limit::{Charge, Charged, LimitKey, Lockout},
    mail::{LetterKind, Notices},
    memory::MemoryLimiter,
    store::Limiter,
};
use serde_json::json;

use crate::support::{
    app::{App, app_with, apps_with, limited, link_token, race, unhurried},
    http::{JSON, PASSWORD, Reply},
};

const ANN: &str = "ann@example.org";
const WRONG: &str = "a wrong password";

/// With the lockout, and without rate limits.
async fn apps() -> Vec<App> {
    apps_with(|builder| builder.lockout(Lockout::default())).await
}

/// Sends five wrong passwords, all of which are checked.
async fn lock(app: &App) {
    for _ in 0..5 {
        let reply = app.try_login(ANN, WRONG).await;
        reply.problem(401, "invalid_credentials");
    }
}

fn refused(reply: Reply, retry_after: &str) {
    let reply = reply.problem(429, "too_many_attempts");
    assert_eq!(reply.header("retry-after"), Some(retry_after));
    assert_eq!(reply.header("ratelimit"), None);
}

/// A sign-in with the cookie of an earlier one.
async fn login_on(app: &App, device: &str, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password}).to_string();
    let headers = format!("{JSON}Cookie: a=b; {device}\r\n");
    app.ask("POST /auth/login", &headers, body.as_bytes()).await
}

/// The cookie of a sign-in, as a browser sends it back.
fn device(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-hallpass_device=hp_dt_"));
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"));
    let (pair, _) = cookie.split_once(';').expect("attributes");
    pair.to_owned()
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_account_for_a_while() {
    for app in apps().await {
        app.register(ANN).await;
        for email in [ANN, "nobody@example.org"] {
            for _ in 0..5 {
                let reply = app.try_login(email, WRONG).await;
                reply.problem(401, "invalid_credentials");
            }
            for wait in ["1", "2", "4"] {
                for password in [WRONG, PASSWORD] {
                    refused(app.try_login(email, password).await, wait);
                }
                app.advance(wait.parse().unwrap());
                let reply = app.try_login(email, WRONG).await;
                reply.problem(401, "invalid_credentials");
            }
            refused(app.try_login(email, PASSWORD).await, "8");
        }
        app.advance(8);
        app.login(ANN).await;
        lock(&app).await;
        refused(app.try_login(ANN, PASSWORD).await, "1");
    }
}

/// Invariant I6 and attack L1.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_of_two_hundred_concurrent_guesses_are_checked() {
    for app in apps_with(|builder| unhurried(builder).lockout(Lockout::default())).await {
        app.register(ANN).await;
        let app = Arc::new(app);
        let replies = race(200, |index| {
            let app = Arc::clone(&app);
            // One of them is right. It succeeds only if it is among the first five.
            let password = if index == 100 { PASSWORD } else { WRONG };
            async move { app.try_login(ANN, password).await }
        });
        let replies = replies.await;
        let slipped = replies[100].status == 200;
        let mut looked_at = 0;
        for reply in replies {
            match reply.status {
                200 => {}
                401 => looked_at += 1,
                429 => drop(reply.problem(429, "too_many_attempts")),
                // On a slow machine, calls may time out.
                _ => drop(reply.problem(503, "overloaded")),
            }
        }
        // A right password clears the counter.
        assert!(looked_at <= 9, "{}: {looked_at}", app.name);
        if !slipped {
            let more = guesses_left(&app).await;
            assert_eq!(looked_at + more, 5, "{}: {more} after the race", app.name);
        }
    }
}

/// The number of guesses that are checked before one is refused.
async fn guesses_left(app: &App) -> usize {
    let mut left = 0;
    loop {
        let reply = app.try_login(ANN, WRONG).await;
        if reply.status == 429 {
            return left;
        }
        reply.problem(401, "invalid_credentials");
        left += 1;
    }
}

#[tokio::test]
async fn a_known_device_is_not_locked_out_by_others() {
    for app in apps().await {
        app.register(ANN).await;
        let first = app.try_login(ANN, PASSWORD).await.expect(200);
        let known = device(&first);
        lock(&app).await;
        refused(app.try_login(ANN, PASSWORD).await, "1");
        let again = login_on(&app, &known, ANN, PASSWORD).await.expect(200);
        // A success on the device leaves the counter of the other devices unchanged.
        refused(app.try_login(ANN, PASSWORD).await, "1");
        // The device has a counter of its own.
        let known = device(&again);
        for _ in 0..5 {
            let reply = login_on(&app, &known, ANN, WRONG).await;
            reply.problem(401, "invalid_credentials");
        }
        refused(login_on(&app, &known, ANN, PASSWORD).await, "1");
    }
}

#[tokio::test]
async fn a_device_token_works_for_one_account_and_password() {
    for app in apps().await {
        app.register(ANN).await;
        app.register("bob@example.org").await;
        let reply = app.try_login("bob@example.org", PASSWORD).await;
        let of_bob = device(&reply.expect(200));
        let of_ann = device(&app.try_login(ANN, PASSWORD).await.expect(200));
        lock(&app).await;
        for other in [of_bob.as_str(), "hallpass_device=x", "hallpass_device="] {
            refused(login_on(&app, other, ANN, PASSWORD).await, "1");
        }
        let token = app.reset_token(ANN).await;
        app.reset(&token, "a new long password").await.expect(204);
        lock(&app).await;
        let reply = login_on(&app, &of_ann, ANN, "a new long password").await;
        refused(reply, "1");
    }
}

#[tokio::test]
async fn every_password_check_shares_one_counter() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let current = json!({"current_password": WRONG});
        let change = json!({"current_password": WRONG, "new_password": PASSWORD});
        let email = json!({"current_password": WRONG, "new_email": "new@example.org"});
        for (line, body) in [
            ("POST /auth/reauthenticate", json!({"password": WRONG})),
            ("POST /users/me/password", change),
            ("POST /users/me/email", email),
            ("DELETE /users/me", current),
        ] {
            let reply = app.send(line, &tokens.access, body).await;
            reply.problem(401, "invalid_credentials");
        }
        app.try_login(ANN, WRONG).await.expect(401);
        refused(app.try_login(ANN, PASSWORD).await, "1");
        let right = json!({"password": PASSWORD});
        let call = "POST /auth/reauthenticate";
        refused(app.send(call, &tokens.access, right.clone()).await, "1");
        app.advance(1);
        app.send(call, &tokens.access, right).await.expect(204);
        lock(&app).await;
    }
}

#[tokio::test]
async fn a_reset_and_an_administrator_end_a_lock() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        lock(&app).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        app.login(ANN).await;
        lock(&app).await;
        let admin = app.administrator().await;
        let path = format!("/admin/users/{id}/unlock");
        app.post_as(&path, &admin).await.expect(204);
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn the_mail_about_a_lock_unlocks() {
    for app in apps().await {
        app.settled(ANN).await;
        for email in [ANN, "nobody@example.org"] {
            for _ in 0..5 {
                app.try_login(email, WRONG).await.expect(401);
            }
            app.try_login(email, WRONG).await.expect(429);
        }
        app.deliver().await;
        let letters = app.letters(ANN, "/unlock?token=");
        assert_eq!(letters.len(), 1, "{}", app.name);
        assert!(app.letters("nobody@example.org", "").is_empty());
        let says = letters[0].replace('\n', " ");
        assert!(says.contains("works once, within 1 day. Resetting your password unlocks"));
        let token = link_token(&letters[0], "unlock");
        let unlock = async |token: &str| app.post("/auth/unlock", json!({"token": token})).await;
        unlock("x").await.problem(400, "invalid_token");
        let known = device(&unlock(&token).await.expect(204));
        unlock(&token).await.problem(400, "invalid_token");
        app.login(ANN).await;
        // Further guesses do not lock the owner out again.
        lock(&app).await;
        refused(app.try_login(ANN, PASSWORD).await, "1");
        login_on(&app, &known, ANN, PASSWORD).await.expect(200);
        let filter = EventFilter {
            user_id: None,
            kind: Some(EventKind::SignInUnlocked),
        };
        let events = app.store().list_events(&filter, None, 10).await.unwrap();
        assert_eq!(events.len(), 1);
        assert!(events[0].user_id.is_some());
    }
}

/// NIST SP 800-63B section 3.2.2.
#[tokio::test]
async fn a_hundred_failures_leave_only_a_reset_or_a_known_device() {
    for app in apps().await {
        app.register(ANN).await;
        let known = device(&app.try_login(ANN, PASSWORD).await.expect(200));
        for _ in 0..100 {
            app.try_login(ANN, WRONG).await.expect(401);
            app.advance(900);
        }
        for _ in 0..3 {
            refused(app.try_login(ANN, PASSWORD).await, "900");
            app.advance(30 * 86_400);
        }
        login_on(&app, &known, ANN, PASSWORD).await.expect(200);
        refused(app.try_login(ANN, PASSWORD).await, "900");
        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn a_right_password_without_a_session_is_not_a_failure() {
    for app in apps_with(|builder| {
        let strict = builder.require_verified_email(true);
        strict.lockout(Lockout::default())
    })
    .await
    {
        app.register(ANN).await;
        for _ in 0..20 {
            let reply = app.try_login(ANN, PASSWORD).await;
            reply.problem(403, "email_not_verified");
        }
    }
}

#[tokio::test]
async fn two_instances_share_the_lock() {
    for app in apps().await {
        app.register(ANN).await;
        let other = app.another(limited).await;
        for round in 0..5 {
            let asked = if round % 2 == 0 { &app } else { &other };
            asked.try_login(ANN, WRONG).await.expect(401);
        }
        refused(other.try_login(ANN, PASSWORD).await, "1");
        refused(app.try_login(ANN, PASSWORD).await, "1");
        other.advance(1);
        other.login(ANN).await;
        lock(&app).await;
    }
}

#[tokio::test]
async fn counters_of_another_limiter_are_cleared_too() {
    let limiter = MemoryLimiter::new();
    for app in apps_with(|builder| {
        let limited = builder.lockout(Lockout::default());
        limited.limiter(limiter.clone())
    })
    .await
    {
        app.settled(ANN).await;
        lock(&app).await;
        refused(app.try_login(ANN, PASSWORD).await, "1");
        app.advance(1);
        app.login(ANN).await;
        lock(&app).await;
        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        // The letter of a later lock replaces earlier ones.
        app.advance(1);
        lock(&app).await;
        app.deliver().await;
        let token = link_token(&app.letter(ANN, "/unlock?token="), "unlock");
        let unlocked = app.post("/auth/unlock", json!({"token": token})).await;
        unlocked.expect(204);
        app.login(ANN).await;
    }
}

/// Sign-in fails closed.
#[tokio::test]
async fn sign_ins_fail_while_the_counters_are_unavailable() {
    for app in apps_with(|builder| limited(builder).limiter(Away)).await {
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(503, "unavailable");
        app.me("x").await.problem(401, "invalid_access_token");
        let reply = app.refresh("x").await;
        reply.problem(401, "invalid_refresh_token");
    }
}

#[derive(Debug)]
struct Away;

#[async_trait]
impl Limiter for Away {
    async fn charge(&self, _: &[Charge], _: Timestamp) -> Result<Charged, StoreError> {
        Err(StoreError::Unavailable(
            "the counters are unreachable".into(),
        ))
    }

    async fn refund(&self, _: LimitKey, _: Timestamp) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(
            "the counters are unreachable".into(),
        ))
    }

    async fn clear(&self, _: LimitKey) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(
            "the counters are unreachable".into(),
        ))
    }
}

#[tokio::test]
async fn a_sign_in_on_an_unknown_device_can_send_a_notice() {
    let notices = |on| match on {
        true => Notices::default().with(LetterKind::NewSignIn),
        false => Notices::default(),
    };
    for (on, added) in [(false, 0), (true, 1)] {
        for app in apps_with(|builder| builder.notices(notices(on))).await {
            app.settled(ANN).await;
            let first = app.try_login(ANN, PASSWORD).await.expect(200);
            let known = device(&first);
            login_on(&app, &known, ANN, PASSWORD).await.expect(200);
            app.deliver().await;
            let before = app.mailbox.mails().len();
            app.login(ANN).await;
            app.deliver().await;
            let mails = app.mailbox.mails();
            assert_eq!(mails.len(), before + added, "{}", app.name);
            if on {
                assert_eq!(before, 1, "there is only the mail of the registration");
                assert!(mails[before].subject().contains("sign-in"));
            }
        }
    }
}

#[tokio::test]
async fn a_device_stays_known_after_its_next_sign_in() {
    let app = app_with(|builder| builder.lockout(Lockout::default())).await;
    app.register(ANN).await;
    let first = device(&app.try_login(ANN, PASSWORD).await.expect(200));
    for _ in 0..3 {
        login_on(&app, &first, ANN, WRONG).await.expect(401);
    }
    let second = device(&login_on(&app, &first, ANN, PASSWORD).await.expect(200));
    for device in [&first, &second, &first, &second, &first] {
        login_on(&app, device, ANN, WRONG).await.expect(401);
    }
    // Both share one exhausted counter and count as unknown devices from here on.
    for device in [&first, &second, &first, &second, &first] {
        login_on(&app, device, ANN, WRONG).await.expect(401);
    }
    refused(login_on(&app, &second, ANN, PASSWORD).await, "1");
    refused(app.try_login(ANN, PASSWORD).await, "1");
}

/// Ending the lock of an account also helps a known device that locked itself.
#[tokio::test]
async fn a_known_device_recovers_from_its_own_lock() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let admin = app.administrator().await;
        for way in ["administrator", "mail", "reset"] {
            let known = device(&app.try_login(ANN, PASSWORD).await.expect(200));
            app.advance(1);
            for _ in 0..10 {
                login_on(&app, &known, ANN, WRONG).await.expect(401);
            }
            refused(login_on(&app, &known, ANN, PASSWORD).await, "1");
            match way {
                "administrator" => {
                    let path = format!("/admin/users/{id}/unlock");
                    app.post_as(&path, &admin).await.expect(204);
                }
                "mail" => {
                    app.deliver().await;
                    let token = link_token(&app.letter(ANN, "/unlock?token="), "unlock");
                    let unlocked = app.post("/auth/unlock", json!({"token": token}));
                    unlocked.await.expect(204);
                }
                _ => {
                    let token = app.reset_token(ANN).await;
                    app.reset(&token, PASSWORD).await.expect(204);
                }
            }
            let again = login_on(&app, &known, ANN, PASSWORD).await.expect(200);
            // The counter of the device is empty.
            let again = device(&again);
            for _ in 0..5 {
                login_on(&app, &again, ANN, WRONG).await.expect(401);
            }
            login_on(&app, &again, ANN, PASSWORD).await.expect(200);
        }
    }
}
