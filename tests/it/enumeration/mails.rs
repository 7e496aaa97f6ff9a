//! Calls that send a mail: E-05 to E-07, E-09, E-10, E-15.

use hallpass::{
    limit::{Budget, Rate, RateLimits},
    password::RegistrationMode,
};
use serde_json::json;

use super::{
    DELETED, DISABLED, EVERYBODY, NOBODY, PASSWORDLESS, UNVERIFIED, VERIFIED, call, canonical,
    twins,
};
use crate::support::http::PASSWORD;

#[tokio::test]
async fn a_request_for_a_mail_is_answered_alike_for_every_account() {
    for twins in twins(|builder| builder).await {
        twins.everybody().await;
        for (path, recipients) in [
            (
                "/auth/forgot-password",
                &[PASSWORDLESS, UNVERIFIED, VERIFIED][..],
            ),
            ("/auth/resend-verification", &[PASSWORDLESS, UNVERIFIED]),
        ] {
            twins.pause().await;
            let email = |email: &str| json!({"email": email});
            let reply = twins.about(path, EVERYBODY, email).await;
            assert_eq!(reply.expect(202).text(), "");
            let email = |email: &str| json!({"email": email.to_uppercase()});
            let reply = twins.about(path, EVERYBODY, email).await;
            assert_eq!(reply.expect(202).text(), "");
            // The budget allows one mail a minute.
            let mails = twins.mails().await;
            assert_eq!(
                mails.keys().collect::<Vec<_>>(),
                recipients,
                "{}",
                twins.name
            );
            assert!(mails.values().all(|count| *count == 1), "{mails:?}");
        }
    }
}

#[tokio::test]
async fn private_registrations_are_answered_alike_with_one_letter() {
    for twins in twins(|builder| builder.registration(RegistrationMode::Private)).await {
        for taken in ["ann@example.org", "ann@bücher.example"] {
            twins.account(taken).await;
        }
        let body = |email: &str| json!({"email": email, "password": PASSWORD});
        for (taken, free) in [
            ("ann@example.org", "new@example.org"),
            ("ANN@Example.ORG", "NEWER@Example.ORG"),
            ("ann@bücher.example", "new@bücher.example"),
            ("ann@xn--bcher-kva.example", "newer@xn--bcher-kva.example"),
            ("Ann@BÜCHER.example", "Newest@BÜCHER.example"),
        ] {
            twins.pause().await;
            let reply = twins.about("/users", [taken, free], body).await;
            assert_eq!(reply.expect(202).text(), "");
            let mails = twins.mails().await;
            let once = [taken, free].map(|email| (canonical(email), 1));
            assert_eq!(mails, once.into(), "{}", twins.name);
        }
    }
}

#[tokio::test]
async fn a_private_registration_is_refused_before_the_look_up() {
    for twins in twins(|builder| builder.registration(RegistrationMode::Private)).await {
        twins.everybody().await;
        let weak = |email: &str| json!({"email": email, "password": "short"});
        let reply = twins.about("/users", EVERYBODY, weak).await;
        reply.problem(422, "weak_password");
        let named =
            |email: &str| json!({"email": email, "password": PASSWORD, "display_name": "\n"});
        let reply = twins.about("/users", EVERYBODY, named).await;
        reply.problem(422, "validation_failed");
        let good = |email: &str| json!({"email": email, "password": PASSWORD});
        let reply = twins.about("/users", EVERYBODY, good).await;
        assert_eq!(reply.expect(202).text(), "");
        // A disabled user gets no mails.
        let mails = twins.mails().await;
        let recipients = [DELETED, NOBODY, PASSWORDLESS, UNVERIFIED, VERIFIED];
        assert!(mails.keys().eq(recipients), "{}: {mails:?}", twins.name);
    }
}

#[tokio::test]
async fn an_address_that_exceeds_its_limit_is_refused_alike() {
    let seldom = |builder: hallpass::AuthBuilder| {
        let rate = Rate::per_minute(1).with_burst(2);
        let limits = [Budget::Forgot, Budget::Register, Budget::Verify]
            .into_iter()
            .fold(RateLimits::default(), |limits, budget| {
                limits.per_address(budget, rate)
            });
        let private = builder.registration(RegistrationMode::Private);
        private.rate_limits(limits)
    };
    for twins in twins(seldom).await {
        twins.everybody().await;
        twins.pause().await;
        let body = |path: &str, email: &str| match path {
            "/users" => json!({"email": email, "password": PASSWORD}),
            _ => json!({"email": email}),
        };
        for path in [
            "/auth/forgot-password",
            "/auth/resend-verification",
            "/users",
        ] {
            // A call whose answers are always the same hides its limit too.
            let beyond = if path == "/users" { 429 } else { 202 };
            for status in [202, 202, beyond] {
                let body = |email: &str| body(path, email);
                let reply = twins.about(path, EVERYBODY, body).await;
                reply.expect(status);
            }
            let body = |email: &str| body(path, &email.to_uppercase());
            let reply = twins.about(path, EVERYBODY, body).await;
            reply.expect(beyond);
        }
    }
}

#[tokio::test]
async fn a_change_to_a_taken_address_is_answered_alike() {
    for twins in twins(|builder| builder).await {
        twins.everybody().await;
        let access = twins.login(VERIFIED).await.access;
        for (taken, free) in [
            (UNVERIFIED, "new@example.org"),
            (DISABLED, "newer@example.org"),
            ("UNVERIFIED@EXAMPLE.ORG", "NEWEST@EXAMPLE.ORG"),
        ] {
            twins.deliver().await;
            twins.mailbox.clear();
            twins.advance(100);
            let change = |new: &str| {
                let body = json!({"new_email": new, "current_password": PASSWORD});
                call("POST /users/me/email", &access, &body)
            };
            let reply = twins.alike(&[change(taken), change(free)]).await;
            assert_eq!(reply.expect(202).text(), "");
            let mails = twins.mails().await;
            // There is one notice, because the limit is one a minute.
            let recipients = [(VERIFIED.to_owned(), 1), (canonical(free), 1)];
            assert_eq!(mails, recipients.into(), "{}", twins.name);
        }
        assert!(twins.letters(NOBODY, "").is_empty());
    }
}
