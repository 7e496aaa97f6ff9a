//! Signing in: E-01, E-04, E-14, E-15.

use serde_json::json;

use super::{DELETED, DISABLED, EVERYBODY, NOBODY, PASSWORDLESS, UNVERIFIED, VERIFIED, twins};
use crate::support::http::PASSWORD;

const WRONG: &str = "a wrong password";
const LOGIN: &str = "/auth/login";

#[tokio::test]
async fn a_wrong_password_is_answered_alike_for_every_account() {
    for twins in twins(|builder| builder.require_verified_email(true)).await {
        twins.everybody().await;
        let long = "x".repeat(1025);
        for (password, status, code) in [
            (WRONG, 401, "invalid_credentials"),
            ("", 401, "invalid_credentials"),
            (&long, 422, "validation_failed"),
        ] {
            let login = |email: &str| json!({"email": email, "password": password});
            let reply = twins.about(LOGIN, EVERYBODY, login).await;
            reply.problem(status, code);
            twins.advance(60);
        }
        let login = |email: &str| json!({"email": email.to_uppercase(), "password": PASSWORD});
        let without = [PASSWORDLESS, DELETED, NOBODY];
        let reply = twins.about(LOGIN, without, login).await;
        reply.problem(401, "invalid_credentials");
        assert!(twins.mails().await.is_empty());
    }
}

#[tokio::test]
async fn a_lock_begins_and_ends_alike_with_an_account_and_without() {
    for twins in twins(|builder| builder.require_verified_email(true)).await {
        twins.everybody().await;
        for (known, letters) in [
            (VERIFIED, 1),
            (UNVERIFIED, 1),
            (DISABLED, 0),
            (PASSWORDLESS, 1),
            (DELETED, 0),
        ] {
            twins.pause().await;
            let nobody = format!("not-{known}");
            let both = [known, &nobody];
            let wrong = |email: &str| json!({"email": email, "password": WRONG});
            let right = |email: &str| json!({"email": email, "password": PASSWORD});
            for _ in 0..5 {
                let reply = twins.about(LOGIN, both, wrong).await;
                reply.problem(401, "invalid_credentials");
            }
            for wait in ["1", "2", "4"] {
                // No more calls are made in a row than the client's limit allows.
                let reply = match wait {
                    "2" => twins.about(LOGIN, both, wrong).await,
                    _ => twins.about(LOGIN, both, right).await,
                };
                let reply = reply.problem(429, "too_many_attempts");
                assert_eq!(reply.header("retry-after"), Some(wait));
                if wait == "4" {
                    break;
                }
                twins.advance(wait.parse().unwrap());
                let reply = twins.about(LOGIN, both, wrong).await;
                reply.problem(401, "invalid_credentials");
            }
            let mails = twins.mails().await;
            assert_eq!(mails.get(known).copied().unwrap_or_default(), letters);
            assert_eq!(mails.len(), letters, "{}: {mails:?}", twins.name);
        }
    }
}

#[tokio::test]
async fn a_client_that_signs_in_too_often_is_refused_alike() {
    for twins in twins(|builder| builder).await {
        twins.everybody().await;
        for password in [WRONG, PASSWORD] {
            twins.pause().await;
            for round in 0..20 {
                let email = format!("stranger{round}@example.org");
                twins.try_login(&email, WRONG).await.expect(401);
            }
            // From here on the refusal is cached and costs no statement.
            let reply = twins.try_login("stranger@example.org", WRONG).await;
            reply.problem(429, "rate_limited");
            let login = |email: &str| json!({"email": email, "password": password});
            let reply = twins.about(LOGIN, EVERYBODY, login).await;
            reply.problem(429, "rate_limited");
        }
    }
}

/// Checks that the replies are alike only because the password is wrong.
#[tokio::test]
async fn the_right_password_reveals_the_state_of_the_account() {
    for twins in twins(|builder| builder.require_verified_email(true)).await {
        twins.everybody().await;
        for (email, status) in [(VERIFIED, 200), (UNVERIFIED, 403), (DISABLED, 403)] {
            twins.try_login(email, PASSWORD).await.expect(status);
        }
    }
}
