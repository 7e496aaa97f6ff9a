//! Brute force over tickets and sessions, and tickets that open nothing.

use std::time::Duration;

use hallpass::{AuthBuilder, event::EventKind, limit::Tries};
use serde_json::json;

use super::ANN;
use crate::support::{
    app::{App, apps, apps_with, race, unhurried},
    authenticator::ticket_of,
    http::{JSON, PASSWORD},
};

fn limited(builder: AuthBuilder) -> AuthBuilder {
    unhurried(builder).second_factor_tries(Tries {
        most: 10,
        period: Duration::from_secs(3600),
    })
}

#[tokio::test]
async fn ticket_has_five_tries() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let ticket = app.ticket(ANN).await;
        for round in 0..5 {
            let wrong = ann.authenticator.wrong_code(app.now());
            let shown = if round % 2 == 0 {
                ("totp", wrong.as_str())
            } else {
                ("recovery_code", "0000-0000")
            };
            app.second_factor(&ticket, shown)
                .await
                .problem(401, "invalid_code");
        }
        let code = ann.authenticator.code(app.now());
        let exhausted = app.second_factor(&ticket, ("totp", &code)).await;
        exhausted.problem(400, "invalid_token");
        app.login_with(ANN, &ann.authenticator).await;
        assert_eq!(app.count_events(EventKind::FactorFailed).await, 5);
    }
}

/// A shape that is no code is refused before the ticket is looked at, and is no try.
#[tokio::test]
async fn malformed_codes_are_no_tries() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let ticket = app.ticket(ANN).await;
        let code = ann.authenticator.code(app.now());
        let recovery = &ann.recovery_codes[0];
        let malformed = [
            json!({"ticket": ticket}),
            json!({"ticket": ticket, "totp": "12345"}),
            json!({"ticket": ticket, "totp": "1234567"}),
            json!({"ticket": ticket, "totp": "12345a"}),
            json!({"ticket": ticket, "totp": 123_456}),
            json!({"ticket": ticket, "totp": code, "recovery_code": recovery}),
            json!({"ticket": ticket, "totp": code, "passkey": {}}),
            json!({"ticket": ticket, "totp": code, "password": PASSWORD}),
            json!({"ticket": ticket, "totp": code, "remember_device": "yes"}),
            json!({"ticket": ticket, "recovery_code": "0000-000"}),
            json!({"ticket": ticket, "recovery_code": "0000-000U"}),
            json!({"ticket": 7, "totp": code}),
            json!({"totp": code}),
        ];
        for body in malformed {
            let reply = app.post("/auth/second-factor", body).await;
            reply.problem(422, "validation_failed");
        }
        app.second_factor(&ticket, ("totp", &code)).await.tokens();
        assert_eq!(app.count_events(EventKind::FactorFailed).await, 0);
    }
}

/// Forged, cross-used, expired, spent and exhausted tickets have one reply.
#[tokio::test]
async fn void_tickets_look_the_same() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let ancient = app.ticket(ANN).await;
        app.advance(3600);
        let spent = app.ticket(ANN).await;
        let code = ann.authenticator.code(app.now());
        let tokens = app.second_factor(&spent, ("totp", &code)).await.tokens();
        let old = app.ticket(ANN).await;
        app.advance(300);
        let fresh = app.ticket(ANN).await;
        let mut forged = fresh.clone().into_bytes();
        let last = forged.len() - 1;
        forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        let code = ann.authenticator.code(app.now());
        let void = [
            &ancient,
            &spent,
            &old,
            &forged,
            &tokens.refresh,
            &tokens.access,
            "",
            "hp_ct_",
        ];
        let mut first = None;
        for ticket in void {
            let reply = app.second_factor(ticket, ("totp", &code)).await;
            let reply = reply.problem(400, "invalid_token").timeless();
            assert_eq!(
                first.get_or_insert_with(|| reply.clone()),
                &reply,
                "{ticket}"
            );
            let body = json!({"ticket": ticket});
            let enrol = app.post("/auth/second-factor/enrol", body).await;
            assert_eq!(enrol.problem(400, "invalid_token").timeless(), reply);
        }
        let body = json!({"ticket": fresh});
        let asks_for_none = app.post("/auth/second-factor/enrol", body).await;
        asks_for_none.problem(400, "invalid_token");
        // A ticket is no token.
        app.me(&fresh).await.problem(401, "invalid_access_token");
        app.refresh(&fresh)
            .await
            .problem(401, "invalid_refresh_token");
        app.second_factor(&fresh, ("totp", &code)).await.tokens();
    }
}

/// Brute force over many tickets (Zitadel CVE-2024-32868): ten wrong codes an hour, whatever the ticket.
#[tokio::test]
async fn brute_force_over_tickets_ends_after_ten_wrong_codes() {
    for app in apps_with(limited).await {
        let ann = app.enrolled(ANN).await;
        let wrong = ann.authenticator.wrong_code(app.now());
        for _ in 0..2 {
            let ticket = app.ticket(ANN).await;
            for _ in 0..4 {
                let refused = app.second_factor(&ticket, ("totp", &wrong)).await;
                refused.problem(401, "invalid_code");
            }
        }
        for _ in 0..2 {
            let refused = app.reauthenticate_with(&ann.tokens.access, &wrong).await;
            refused.problem(401, "invalid_code");
        }
        let ticket = app.ticket(ANN).await;
        let code = ann.authenticator.code(app.now());
        for shown in [("totp", &code), ("recovery_code", &ann.recovery_codes[0])] {
            let shown = (shown.0, shown.1.as_str());
            let locked = app.second_factor(&ticket, shown).await;
            locked.problem(429, "too_many_attempts");
        }
        let locked = app.reauthenticate_with(&ann.tokens.access, &code).await;
        let locked = locked.problem(429, "too_many_attempts");
        assert_eq!(locked.header("retry-after"), Some("3600"));
        app.deliver().await;
        assert_eq!(app.letters(ANN, "wrong codes").len(), 1, "{}", app.name);
        // The lockout of passwords is separate, and other users are not affected.
        app.ticket(ANN).await;
        app.enrolled("bob@example.org").await;

        app.advance(3600 - 60);
        let ticket = app.ticket(ANN).await;
        let code = ann.authenticator.code(app.now());
        let locked = app.second_factor(&ticket, ("totp", &code)).await;
        locked.problem(429, "too_many_attempts");
        app.advance(30);
        // A 429 has spent neither the try nor the code.
        let code = ann.authenticator.code(app.now());
        app.second_factor(&ticket, ("totp", &code)).await.tokens();
    }
}

/// A success clears nothing, and does not count itself.
#[tokio::test]
async fn right_code_leaves_the_count_of_wrong_ones() {
    for app in apps_with(limited).await {
        let ann = app.enrolled(ANN).await;
        for _ in 0..3 {
            let wrong = ann.authenticator.wrong_code(app.now());
            let ticket = app.ticket(ANN).await;
            for _ in 0..3 {
                let refused = app.second_factor(&ticket, ("totp", &wrong)).await;
                refused.problem(401, "invalid_code");
            }
            let code = ann.authenticator.code(app.now());
            app.second_factor(&ticket, ("totp", &code)).await.tokens();
            app.advance(30);
        }
        let ticket = app.ticket(ANN).await;
        let wrong = ann.authenticator.wrong_code(app.now());
        let tenth = app.second_factor(&ticket, ("totp", &wrong)).await;
        tenth.problem(401, "invalid_code");
        let eleventh = app.second_factor(&ticket, ("totp", &wrong)).await;
        eleventh.problem(429, "too_many_attempts");
    }
}

/// The counter of a known device is separate, so that who knows the password cannot keep the owner out.
#[tokio::test]
async fn known_device_has_its_own_limit() {
    for app in apps_with(limited).await {
        let ann = app.enrolled(ANN).await;
        let ticket = app.ticket(ANN).await;
        let body = json!({"ticket": ticket, "totp": ann.authenticator.code(app.now())});
        let reply = app.post("/auth/second-factor", body).await.expect(200);
        let cookie = reply.header("set-cookie").expect("a cookie");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        app.advance(30);
        exhaust(&app, &ann.authenticator.wrong_code(app.now())).await;
        let ticket = app.ticket(ANN).await;
        let code = ann.authenticator.code(app.now());
        let locked = app.second_factor(&ticket, ("totp", &code)).await;
        locked.problem(429, "too_many_attempts");

        let headers = format!("{JSON}Cookie: {cookie}\r\n");
        let body = json!({"email": ANN, "password": PASSWORD}).to_string();
        let reply = app.ask("POST /auth/login", &headers, body.as_bytes()).await;
        let ticket = ticket_of(reply);
        app.second_factor(&ticket, ("totp", &code)).await.tokens();
    }
}

async fn exhaust(app: &App, wrong: &str) {
    for _ in 0..2 {
        let ticket = app.ticket(ANN).await;
        for _ in 0..5 {
            let refused = app.second_factor(&ticket, ("totp", wrong)).await;
            refused.problem(401, "invalid_code");
        }
    }
}

/// However many tries arrive at once, no more codes are compared than allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn brute_force_in_parallel_stays_within_the_limits() {
    const TRIES: usize = 200;
    for app in apps_with(limited).await {
        let ann = app.enrolled(ANN).await;
        let wrong = ann.authenticator.wrong_code(app.now());
        let ticket = app.ticket(ANN).await;
        let replies = race(TRIES, |_| {
            let (client, body) = (*app, json!({"ticket": ticket, "totp": wrong}));
            async move { client.post("/auth/second-factor", body).await }
        })
        .await;
        let compared = replies.iter().filter(|reply| reply.status == 401).count();
        assert_eq!(compared, 5, "{}", app.name);

        let mut tickets = Vec::new();
        for _ in 0..10 {
            tickets.push(app.ticket(ANN).await);
        }
        let replies = race(TRIES, |task| {
            let (client, ticket) = (*app, tickets[task % tickets.len()].clone());
            let body = json!({"ticket": ticket, "totp": wrong});
            async move { client.post("/auth/second-factor", body).await }
        })
        .await;
        let compared = replies.iter().filter(|reply| reply.status == 401).count();
        assert!(compared <= 5, "{}: {compared}", app.name);
        let others = replies.into_iter().filter(|reply| reply.status != 401);
        for reply in others {
            reply.problem(429, "too_many_attempts");
        }
        let failed = app.count_events(EventKind::FactorFailed).await;
        assert!(failed >= 5 + compared, "{}: {failed}", app.name);
    }
}
